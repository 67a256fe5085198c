/**
 * Sealed data for cards under test: the commands that bring a key pair or a PIN, good unless a case changes something.
 * @module
 */
import type { CardCommand, SecureFunction, SkiKeyKind } from '../../../src/ski/enclave/commands.js'
import { pairOf, withIv, type Established, type Subject } from './card-case.js'
import { importStructure, material, sealBound, sealPublished, type HeaderChange, type ImportTerms, type Pair, type SealedTerms } from './card-node.js'

/** `AT_…` and size of each kind, for exchange and for signatures. */
export const SPECS: Readonly<Record<SkiKeyKind, readonly [exchange: number, signature: number, bits: number]>> = {
  'rsa-2048': [1, 2, 2048],
  'rsa-3072': [1, 2, 3072],
  'rsa-4096': [1, 2, 4096],
  'ec-P-256': [6, 3, 256],
  'ec-P-384': [7, 4, 384],
  'ec-P-521': [8, 5, 521],
}

/** What a sealed key pair may have that a good one has not. */
export interface Sealing {
  readonly kind?: SkiKeyKind
  readonly use?: 'exchange' | 'signature'
  readonly pair?: Pair
  /** The container that the minidriver prepares. */
  readonly container?: number
  readonly pinId?: number
  readonly overwrite?: boolean
  readonly flags?: number
  readonly pieces?: number
  readonly channel?: number
  /** What the structure says instead. */
  readonly says?: Partial<ImportTerms>
  /** What the header says instead. */
  readonly terms?: Partial<SealedTerms>
  readonly header?: HeaderChange
  readonly version?: number
  /** What the key blob is changed to. */
  readonly blob?: (blob: Buffer) => Buffer
  /** What the structure is changed to. */
  readonly structure?: (structure: Buffer) => Buffer
}

/** The command that installs a key pair, under a session key on which mode and IV are set here. */
export async function installing(subject: Subject, established: Established, sealing: Sealing = {}): Promise<Extract<CardCommand, { type: 'processSealed' }>> {
  const { kind = 'ec-P-256', use = 'exchange', pair = pairOf(kind), container = 5, pinId = 0, channel = 0, flags = 1 } = sealing
  const [exchange, signature, keySize] = SPECS[kind]
  const terms = { container, pinId, keySpec: use === 'exchange' ? exchange : signature, keySize }
  const { blob = (bytes) => bytes, structure = (bytes) => bytes } = sealing
  const plain = structure(importStructure({ ...terms, ...sealing.says }, blob(material(pair, use)), sealing.version))
  const iv = await withIv(subject, established, channel)
  const header = { function: 'Import Key Pair', ...terms, overwrite: sealing.overwrite ?? false, flags, ...sealing.terms } as const
  const blobs = sealed(subject, established, header, iv, plain, sealing.pieces, sealing.header)
  return { type: 'processSealed', channel, key: established.key, function: 'Import Key Pair', container, flags, blobs }
}

/** The command that brings the structure of a PIN function. */
export async function bringing(
  subject: Subject,
  established: Established,
  name: Exclude<SecureFunction, 'Import Key Pair'>,
  pinId: number,
  structure: Buffer,
  { channel = 0, terms = {} }: { readonly channel?: number; readonly terms?: Partial<SealedTerms> } = {},
): Promise<Extract<CardCommand, { type: 'processSealed' }>> {
  const iv = await withIv(subject, established, channel)
  const blobs = sealed(subject, established, { function: name, pinId, ...terms }, iv, structure)
  return { type: 'processSealed', channel, key: established.key, function: name, container: null, flags: 1, blobs }
}

/** Seals in the format of the card. */
export const sealed = (
  { format }: Subject,
  { session }: Established,
  terms: SealedTerms,
  iv: Buffer,
  structure: Buffer,
  pieces = 1,
  change: HeaderChange = {},
): readonly string[] =>
  format === 'bound' ? sealBound(session, terms, iv, structure, pieces, change) : sealPublished(session, iv, structure, pieces, terms.flags !== 0)
