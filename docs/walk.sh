# Set-up of the walks in README.md and docs/tutorial.md: `source docs/walk.sh`. A failed call ends the shell.
set -eo pipefail
api=${MEDCONNECT_SERVER:-http://localhost:8080}/v1
# Header of each request with a body.
json='content-type: application/json'

# Prints the answer, also one that refuses the call: to standard error.
curl() {
  local answer
  answer=$(command curl -sS --fail-with-body "$@") || { echo "$answer" >&2; return 1; }
  echo "$answer"
}

# field PATH: prints a field of the JSON answer on standard input, such as `slots[0].id`.
field() {
  node -pe "
    const text = fs.readFileSync(0, 'utf8');
    let value;
    try { value = JSON.parse(text).$1 } catch {}
    if (value === undefined && text) {
      console.error('No $1 in ' + text.trim());
      console.error('npm start adds missing demo data: start it again, then repeat this.');
    }
    value ?? process.exit(1)"
}

# Prints the JSON on standard input with indents.
show() {
  node -pe 'const text = fs.readFileSync(0, "utf8"); text && JSON.stringify(JSON.parse(text), null, 2)'
}
