import { LiveWorld } from './support/world.ts'
const [history, times = '20'] = process.argv.slice(2)
await using world = await LiveWorld.open()
let failures = 0
for (let i = 0; i < Number(times); i++) {
  try {
    await world.run(JSON.parse(history!))
  } catch (error) {
    if (failures++ === 0) console.log(String(error).slice(0, 3000))
  }
}
console.log({ failures })
