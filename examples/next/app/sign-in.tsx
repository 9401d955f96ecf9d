import { redirect } from 'next/navigation'
import { connect } from './server-client.ts'

async function signIn(form: FormData): Promise<never> {
  'use server'
  const supabase = await connect()
  const [email, password] = [form.get('email'), form.get('password')].map(String) as [string, string]
  const { error } = await supabase.auth.signInWithPassword({ email, password })
  redirect(error === null ? '/' : '/?refused')
}

export function SignIn({ isRefused }: { readonly isRefused: boolean }) {
  return (
    <form action={signIn}>
      <h1>Sign in</h1>
      <label>
        Email <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {isRefused && <p role="alert">Nobody is known by that email and password.</p>}
      <button type="submit">Sign in</button>
    </form>
  )
}
