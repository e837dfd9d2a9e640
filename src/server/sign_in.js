const form = document.querySelector('form');
const refusal = document.querySelector('[role=alert]');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(form));
  refusal.textContent = '';
  try {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'mutation SignIn($input: SignInInput!) { signIn(input: $input) { expiresAt } }',
        variables: { input: { email, password } },
      }),
    });
    const { errors } = await response.json();
    // The answer set the cookie that opens the page.
    if (errors) refusal.textContent = errors[0].message;
    else location.reload();
  } catch {
    refusal.textContent = 'The server cannot be reached. Please try again.';
  }
});
