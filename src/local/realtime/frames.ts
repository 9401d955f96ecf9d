// What travels over the socket: Phoenix's protocol in its versions 1 (JSON objects) and 2 (JSON arrays, and binary frames
// for broadcasts) as supabase-js speaks them. Pure.

/** What a client said. */
export interface ClientMessage {
  readonly joinRef: string | null
  readonly ref: string | null
  readonly topic: string
  readonly event: string
  readonly payload: Readonly<Record<string, unknown>>
  /** Of a broadcast that came as a binary frame: it is handed on as it is. */
  readonly broadcast?: UserBroadcast
}

/** What a client's own listeners get. The body is JSON text or bytes, not looked into on the way. */
export interface UserBroadcast {
  readonly event: string
  readonly encoding: 'json' | 'binary'
  readonly body: Uint8Array
  readonly meta?: Readonly<Record<string, unknown>>
}

/** What the server says. */
export interface ServerMessage {
  readonly joinRef: string | null
  readonly ref: string | null
  readonly topic: string
  readonly event: string
  readonly payload: unknown
}

export type ProtocolVersion = 1 | 2

/** A frame that is none: the real server ends the connection over it. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

const PUSH = 0
const USER_BROADCAST_PUSH = 3
const USER_BROADCAST = 4
const JSON_ENCODING = 1

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function asReference(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw new FrameError('A reference is a string.')
}

function message(
  joinRef: unknown,
  ref: unknown,
  topic: unknown,
  event: unknown,
  payload: unknown,
): ClientMessage {
  if (typeof topic !== 'string' || typeof event !== 'string') {
    throw new FrameError('A message has a topic and an event.')
  }
  return {
    joinRef: asReference(joinRef),
    ref: asReference(ref),
    topic,
    event,
    payload: isObject(payload) ? payload : {},
  }
}

function decodeText(text: string, version: ProtocolVersion): ClientMessage {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch (cause) {
    throw new FrameError('A text frame is JSON.', { cause })
  }
  if (version === 1) {
    if (!isObject(frame)) throw new FrameError('A frame of version 1 is an object.')
    return message(frame.join_ref, frame.ref, frame.topic, frame.event, frame.payload)
  }
  if (!Array.isArray(frame) || frame.length < 5) throw new FrameError('A frame of version 2 has five parts.')
  return message(frame[0], frame[1], frame[2], frame[3], frame[4])
}

/** Cuts a frame into the parts whose sizes its head tells. */
function cut(frame: Uint8Array, head: number, sizes: readonly number[]): Uint8Array[] {
  const parts: Uint8Array[] = []
  let offset = head
  for (const size of sizes) {
    if (offset + size > frame.length) throw new FrameError('A binary frame is shorter than it says.')
    parts.push(frame.subarray(offset, offset + size))
    offset += size
  }
  parts.push(frame.subarray(offset))
  return parts
}

function text(part: Uint8Array | undefined): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(part)
  } catch (cause) {
    throw new FrameError('The head of a binary frame is UTF-8.', { cause })
  }
}

/** A broadcast's JSON is looked at once, here: what is none must not reach those who will parse it. */
function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(text(body))
    return true
  } catch {
    return false
  }
}

function decodeBinary(frame: Uint8Array): ClientMessage {
  const [kind, ...sizes] = frame
  if (kind === PUSH) {
    const [joinRef, ref, topic, event] = cut(frame, 5, sizes.slice(0, 4))
    return message(text(joinRef), text(ref), text(topic), text(event), {})
  }
  if (kind !== USER_BROADCAST_PUSH || frame.length < 7)
    throw new FrameError('A binary frame of no known kind.')
  const [joinRef, ref, topic, event, , body = new Uint8Array()] = cut(frame, 7, sizes.slice(0, 5))
  const encoding = sizes[5] === JSON_ENCODING ? 'json' : 'binary'
  if (encoding === 'json' && !isJson(body)) throw new FrameError('The payload of a broadcast is no JSON.')
  return {
    ...message(text(joinRef), text(ref), text(topic), 'broadcast', {}),
    broadcast: { event: text(event), encoding, body },
  }
}

/** @throws FrameError */
export function decodeFrame(frame: string | Uint8Array, version: ProtocolVersion): ClientMessage {
  if (typeof frame === 'string') return decodeText(frame, version)
  if (version === 1) throw new FrameError('Version 1 has no binary frames.')
  return decodeBinary(frame)
}

export function encodeMessage(said: ServerMessage, version: ProtocolVersion): string {
  const { joinRef, ref, topic, event, payload } = said
  return version === 1
    ? JSON.stringify({ topic, event, payload, ref, join_ref: joinRef })
    : JSON.stringify([joinRef, ref, topic, event, payload])
}

type BroadcastFrame = string | Uint8Array | undefined

/** Those who hear a broadcast are sent the same frame: each form of it is made once. */
const madeFrames = new WeakMap<UserBroadcast, Map<string, BroadcastFrame>>()

/** As a binary frame; in version 1 as an object. `undefined` where it has no form: the real server drops it then. */
export function encodeBroadcast(
  topic: string,
  broadcast: UserBroadcast,
  version: ProtocolVersion,
): BroadcastFrame {
  const made = madeFrames.get(broadcast) ?? new Map<string, BroadcastFrame>()
  madeFrames.set(broadcast, made)
  const form = `${version} ${topic}`
  if (!made.has(form)) made.set(form, makeBroadcast(topic, broadcast, version))
  return made.get(form)
}

function makeBroadcast(
  topic: string,
  { event, encoding, body, meta }: UserBroadcast,
  version: ProtocolVersion,
): BroadcastFrame {
  if (version === 1) {
    if (encoding === 'binary') return undefined
    const payload = { type: 'broadcast', event, payload: JSON.parse(text(body)) as unknown, meta }
    return encodeMessage({ joinRef: null, ref: null, topic, event: 'broadcast', payload }, 1)
  }
  const head = [topic, event, meta === undefined ? '' : JSON.stringify(meta)].map((part) => Buffer.from(part))
  if (head.some((part) => part.length > 255)) return undefined
  const sizes = head.map((part) => part.length)
  return Buffer.concat([
    Buffer.from([USER_BROADCAST, ...sizes, encoding === 'json' ? JSON_ENCODING : 0]),
    ...head,
    body,
  ])
}
