/**
 * Takes secrets out of a text: passwords of URLs in it, tokens and secret keys by their looks, and what is given wherever
 * it stands, the password encoded or not. Everything that the command prints goes through it, but for what `dev` made.
 */
export function withoutSecrets(
  text: string,
  databaseUrl: string | undefined,
  secrets: readonly string[] = [],
): string {
  const cleaned = text
    .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]*(?=@)/gi, '$1:***')
    .replaceAll(/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '***')
    .replaceAll(/\bsb_secret_[\w-]+/g, '***')
  return [...passwordsOf(databaseUrl), ...secrets].reduce(
    (rest, secret) => rest.replaceAll(secret, '***'),
    cleaned,
  )
}

function passwordsOf(databaseUrl: string | undefined): string[] {
  // Not by URL alone: a password with an unescaped character makes the URL unreadable, and must not be shown either.
  const encoded = /^[a-z][a-z0-9+.-]*:\/\/[^:/]*:(.*)@/i.exec(databaseUrl ?? '')?.[1]
  const query = /[?&]password=([^&]*)/.exec(databaseUrl ?? '')?.[1]
  return [encoded, query]
    .filter((secret): secret is string => secret !== undefined && secret.length > 3)
    .flatMap((secret) => [secret, decoded(secret)])
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
