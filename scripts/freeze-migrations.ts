// Freezes what is released: from now on a test refuses any change of these files.
//   npm run migrations:release
import { readFileSync, writeFileSync } from 'node:fs'
import { bundle } from '../src/migrations/index.ts'
import { checksum } from '../src/migrations/checksum.ts'

const file = new URL('../test/migrations/support/released.json', import.meta.url)
const released = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
for (const { name, up, down } of bundle) {
  released[`${name}.up.sql`] ??= await checksum(up)
  released[`${name}.down.sql`] ??= await checksum(down)
}
writeFileSync(file, `${JSON.stringify(released, null, 2)}\n`)
console.log(`${Object.keys(released).length} files are frozen.`)
