// Signs in to a demo account. The header has a form for that if the system has demo accounts.

/** Part of a token's lifetime after which it is renewed. */
const RENEWED_AFTER = 0.9;

/** Calls `use` with each new access token, and with "" after signing out. */
export function onSignIn(use) {
  const form = document.getElementById("sign-in");
  if (!form) return;
  const [account] = form.elements;
  const output = form.querySelector("output");
  let renewal;

  async function show(request, isRenewal = false) {
    clearTimeout(renewal);
    const answer = await request;
    if (account.value !== answer.email) return;
    output.value = answer.problem ?? "";
    use(answer.accessToken ?? "", isRenewal);
    if (!answer.accessToken) return;
    renewal = setTimeout(() => show(renew(answer), true), answer.expiresInSeconds * 1000 * RENEWED_AFTER);
  }

  const change = () => show(signIn(account.value, form.dataset.password));
  account.addEventListener("change", change);
  // The reader may have chosen an account before the page was ready.
  if (account.value !== "") change();
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
