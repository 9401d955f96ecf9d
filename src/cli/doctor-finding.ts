/** What was looked at, what was found, and what to do about it. */
export type Finding = {
  readonly check: string
  readonly status: 'ok' | 'warn' | 'fail' | 'skip'
  readonly found: string
  readonly advice?: string | undefined
}
