// Signs in to a demo account. The header has a form for that if the system has demo accounts.

/** Time before a token expires at which it is renewed. */
const EARLY_MS = 30_000;

/** Calls `use` with each new access token, and with "" after signing out. */
export function onSignIn(use) {
  const form = document.getElementById("sign-in");
  if (!form) return;
  const [account] = form.elements;
  const output = form.querySelector("output");
  let renewal;

  async function show(request) {
    clearTimeout(renewal);
    const answer = await request;
    if (account.value !== answer.email) return;
    output.value = answer.problem ?? "";
    use(answer.accessToken ?? "");
    if (!answer.accessToken) return;
    const renewMs = answer.expiresInSeconds * 1000 - EARLY_MS;
    renewal = setTimeout(() => show(renew(answer)), Math.max(renewMs, EARLY_MS));
  }

  account.addEventListener("change", () => show(signIn(account.value, form.dataset.password)));
}

/** Signs in. The answer has tokens, or a problem in words. */
async function signIn(email, password) {
  if (email === "") return { email };
  const { tokens, mfaChallenge, problem } = await post("/v1/auth/login", { email, password });
  return { email, ...tokens, problem: mfaChallenge ? "This account has a second factor." : problem };
}

const renew = async ({ email, refreshToken }) => ({
  email,
  ...(await post("/v1/auth/token/refresh", { refreshToken })),
});

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const json = await answer.json();
    return answer.ok ? json : { problem: json.detail };
  } catch {
    return { problem: "The system does not answer." };
  }
}
