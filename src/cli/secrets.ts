/**
 * Takes passwords out of a text: those of URLs in it, and the given one wherever it stands, encoded or not.
 * Everything that the command prints goes through it.
 */
export function withoutSecrets(text: string, databaseUrl: string | undefined): string {
  const cleaned = text.replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]*(?=@)/gi, '$1:***')
  return secretsOf(databaseUrl).reduce((rest, secret) => rest.replaceAll(secret, '***'), cleaned)
}

function secretsOf(databaseUrl: string | undefined): string[] {
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
