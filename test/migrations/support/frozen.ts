import { checksum } from '../../../src/migrations/checksum.ts'

/** Which released files are no longer as they were released: changed, or gone. */
export async function thawed(
  released: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): Promise<string[]> {
  const found: string[] = []
  for (const [name, frozen] of Object.entries(released)) {
    const text = files[name]
    if (text === undefined) found.push(`${name} is gone`)
    else if ((await checksum(text)) !== frozen) found.push(`${name} was changed`)
  }
  return found
}
