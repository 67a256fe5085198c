/**
 * What reaches a card's enclave is data from outside: this file makes a command of it that has the declared shape, shares
 * nothing with what the caller holds, and has no members but its own. Anything else is `command_invalid`.
 *
 * Shape only. Whether a command may be done is said by the rules; whether its bytes are any good, by the work on them.
 *
 * Requirements: SKI-222, SKI-244, SKI-246.
 * @module
 */
import { either, flag, list, nullable, record, word, type Reader } from '../../bytes/shape.js'
import { accept, refuse, type Verdict } from '../../verdict.js'
import type { CardCommand, SkiFault } from './commands.js'
import { algorithmShape, bytesShape, channelShape, containerShape, functionShape, handleShape, kindShape, modeShape, paddingShape, u32Shape } from './shapes.js'

type Members<T extends CardCommand['type']> = Omit<Extract<CardCommand, { type: T }>, 'type'>

/** The most blobs that one call brings. */
const MOST_BLOBS = 16

const channel = channelShape
const container = containerShape
const algorithm = algorithmShape

const property: Reader<Members<'setKeyProperty'>> = (value) => {
  const found = record({ channel, key: handleShape, mode: nullable(modeShape), iv: nullable(bytesShape) })(value)
  return found && (found.mode !== null || found.iv !== null) ? found : undefined
}

const READERS: { readonly [T in CardCommand['type']]: Reader<Members<T>> } = {
  makeK1: record({ channel, container, kind: kindShape, pinId: u32Shape }),
  readKey: record({ channel, container, evidence: word('plain', 'attested', 'sharedKey') }),
  drawNonce: record({ channel }),
  importSessionKey: record({ channel, container, algorithm, padding: paddingShape, proven: flag, input: bytesShape }),
  shareKey: record({ channel, way: word('shared', 'derived'), algorithm, proven: flag, input: nullable(bytesShape) }),
  agree: record({ channel, container, peer: bytesShape }),
  deriveKey: record({ channel, agreement: handleShape, algorithm, proven: flag, input: bytesShape }),
  setKeyProperty: property,
  processSealed: record({
    channel,
    key: handleShape,
    function: functionShape,
    container: nullable(container),
    flags: u32Shape,
    blobs: list(bytesShape, MOST_BLOBS),
  }),
  destroyKey: record({ channel, key: handleShape }),
  deleteContainer: record({ channel, container }),
  verifyPin: record({
    channel,
    pinId: u32Shape,
    pin: either<Members<'verifyPin'>['pin']>(record({ typed: bytesShape }), record({ entry: handleShape })),
  }),
  deauthenticate: record({ channel, pinId: u32Shape }),
  close: record({}),
}

/** Reads a command. Never throws, whatever it is given: hostile getters and proxies included. */
export function readCardCommand(value: unknown): Verdict<CardCommand, SkiFault> {
  try {
    const type = word(...(Object.keys(READERS) as CardCommand['type'][]))((value as { readonly type?: unknown } | null)?.type)
    if (type === undefined) return refuse({ code: 'command_invalid', at: 'type' })
    const members = (READERS[type] as Reader<object>)(value)
    return members ? accept({ type, ...members } as CardCommand) : refuse({ code: 'command_invalid', at: type })
  } catch {
    return refuse({ code: 'command_invalid', at: 'command' })
  }
}
