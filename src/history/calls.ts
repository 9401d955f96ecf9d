// What the calls of this room need, as one piece: it is loaded by the first of them.
export { decodeChangePage } from './changes-wire.ts'
export { restoreCells } from './restore.ts'
export { previewStep, readStepState, turnStep } from './steps.ts'
