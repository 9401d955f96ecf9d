/** Next puts what begins with `NEXT_PUBLIC_` into the browser's code, where it is written out like this. */
export const url = process.env.NEXT_PUBLIC_SUPABASE_URL ?? ''
export const anonKey = process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY ?? ''

/** What the page shows of the budget: the same for the server, which reads it, and the browser, which goes on from there. */
export const filter = { module: 'plan' }
