// What the calls of this room need, as one piece: it is loaded by the first of them.
export { acquireLease } from './acquire.ts'
export { readLeases } from './lease-wire.ts'
