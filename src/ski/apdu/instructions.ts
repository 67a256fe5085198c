/**
 * The instructions of this card, one table for both ends: which message travels as which instruction, and what answers it.
 * What stands in P1, P2 and the data field is in `encode-command.ts` and `decode-command.ts`.
 *
 * Spec: spec/ski-apdu.md, SKI-190, SKI-193 to SKI-203.
 * @module
 */
import type { CardKeyPurpose, SkiKeyKind } from '../enclave/commands.js'
import type { CardFile, CardToMinidriver, MinidriverToCard } from '../messages.js'

/** One instruction. */
export interface Instruction {
  readonly name: string
  /** Whether the class is ours (80) or that of ISO/IEC 7816-4 (00). */
  readonly own: boolean
  readonly ins: number
  /** The answer, where the card does not refuse. */
  readonly answer: CardToMinidriver['type']
  /** Whether the answer brings bytes. */
  readonly brings: boolean
  readonly requirement: string
}

const own = (name: string, ins: number, answer: Instruction['answer'], requirement: string): Instruction => ({
  name,
  own: true,
  ins,
  answer,
  brings: answer !== 'card.done',
  requirement,
})
const interindustry = (...of: Parameters<typeof own>): Instruction => ({ ...own(...of), own: false })

/** Message → instruction. */
export const INSTRUCTIONS: Readonly<Record<MinidriverToCard['type'], Instruction>> = {
  'apdu.select': interindustry('SELECT', 0xa4, 'card.selected', 'SKI-194'),
  'apdu.capabilities': own('GET DATA', 0xca, 'card.capabilities', 'SKI-202'),
  'apdu.challenge': interindustry('GET CHALLENGE', 0x84, 'card.challenge', 'SKI-193'),
  'apdu.readFile': own('READ FILE', 0xb0, 'card.file', 'SKI-190'),
  'apdu.writeFile': own('WRITE FILE', 0xd6, 'card.done', 'SKI-190'),
  'apdu.generate': own('GENERATE', 0x46, 'card.done', 'SKI-195'),
  'apdu.readKey': own('READ PUBLIC KEY', 0x48, 'card.publicKey', 'SKI-196'),
  'apdu.importSessionKey': own('IMPORT SESSION KEY', 0x4a, 'card.sessionKey', 'SKI-197'),
  'apdu.shareKey': own('SHARED KEY', 0x52, 'card.sessionKey', 'SKI-203'),
  'apdu.agree': own('AGREE', 0x54, 'card.agreement', 'SKI-203'),
  'apdu.deriveKey': own('DERIVE', 0x56, 'card.sessionKey', 'SKI-203'),
  'apdu.setKeyProperty': own('SET KEY PROPERTY', 0x4c, 'card.done', 'SKI-198'),
  'apdu.processSealed': own('PROCESS ENCRYPTED DATA', 0x4e, 'card.processed', 'SKI-199'),
  'apdu.destroyKey': own('DESTROY KEY', 0x50, 'card.done', 'SKI-200'),
  'apdu.deleteContainer': own('DELETE CONTAINER', 0x5a, 'card.done', 'SKI-200'),
  'apdu.verify': interindustry('VERIFY', 0x20, 'card.done', 'SKI-201'),
  'apdu.deauthenticate': own('DEAUTHENTICATE', 0x22, 'card.done', 'SKI-201'),
}

/** GET RESPONSE, which belongs to the transport: no message stands behind it (SKI-191). */
export const GET_RESPONSE = 0xc0

/** The application identifier, a proprietary one: F0, `KEYFERRY`, version 1. */
export const AID = Uint8Array.of(0xf0, 0x4b, 0x45, 0x59, 0x46, 0x45, 0x52, 0x52, 0x59, 0x01)

/** SELECT: by name, first or only occurrence, with the answer of this application. */
export const SELECT_BY_NAME = 0x04
/** GET DATA: the one object there is. */
export const CAPABILITIES_OBJECT = 0x01

/** P1 of READ FILE and WRITE FILE. */
export const FILE_CODE: Readonly<Record<CardFile, number>> = { cmapfile: 0x01, certificate: 0x02 }

/** P2 of GENERATE. */
export const KIND_CODE: Readonly<Record<SkiKeyKind, number>> = {
  'rsa-2048': 0x01,
  'rsa-3072': 0x02,
  'rsa-4096': 0x03,
  'ec-P-256': 0x11,
  'ec-P-384': 0x12,
  'ec-P-521': 0x13,
}

/** P2 of READ PUBLIC KEY. */
export const EVIDENCE_CODE = { plain: 0x00, attested: 0x01, sharedKey: 0x02 } as const

/** First byte of the answer to READ PUBLIC KEY, and the purpose in a card's evidence. */
export const PURPOSE_CODE: Readonly<Record<CardKeyPurpose, number>> = { user: 0, session: 1, agreement: 2 }

/** P1 of SHARED KEY. */
export const SHARED_WAY_CODE = { shared: 0x00, derived: 0x01 } as const

/** P2 of IMPORT SESSION KEY, SHARED KEY and DERIVE: bare, or an establishment (KFPK). */
export const PROVEN_CODE = { bare: 0x00, proven: 0x01 } as const

/** First byte behind the reference in SET KEY PROPERTY. */
export const PROPERTY_CODE = { mode: 0x01, iv: 0x02 } as const

/** Bytes of the references by which a card names session keys and agreements. */
export const REFERENCE_BYTES = 16
/** Bytes of session ids, nonces and card ids. */
export const ID_BYTES = 16
/** Bytes of a card's receipt (KFRC). */
export const RECEIPT_BYTES = 104

/** The name of a code in a table, or `null`. */
export function nameOfCode<Name extends string>(table: Readonly<Record<Name, number>>, code: number): Name | null {
  return (Object.keys(table) as Name[]).find((name) => table[name] === code) ?? null
}
