import type { FormEvent } from 'react';

interface Props {
  busy: boolean;
  onSubmit(email: string, password: string): void;
}

export function SignInForm({ busy, onSubmit }: Props) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    onSubmit(String(fields.get('email')), String(fields.get('password')));
  }

  return (
    <form onSubmit={submit}>
      <label>
        Email address
        <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit" className="primary" disabled={busy}>
        {busy ? 'Signing in…' : 'Sign in'}
      </button>
    </form>
  );
}
