/**
 * What a key store knows about a key beside its bytes: attributes after PKCS#11, and the record that carries them.
 *
 * All of it is public and plain data of one fixed shape, so that a snapshot of it may be shown and compared. What the
 * attributes allow is said in `rules.ts`; this file only names them and gives each sort of key those it is born with.
 *
 * Requirements: BYOK-18, BYOK-29, BYOK-37, BYOK-120, BYOK-128.
 * @module
 */
import type { KeyHandle, KeyIdentity, KeyKind, Kid, Operation, PublicPart } from './commands.js'
import { operationSet } from './kinds.js'

/** The mechanism under which keys travel, by its PKCS#11 name. A key that lists none takes part in no transport of keys. */
export type Mechanism = 'CKM_RSA_AES_KEY_WRAP'

/** `public` is half of a pair whose other half lives elsewhere; `private` and `secret` are keys with bytes to protect. */
export type KeyClass = 'public' | 'private' | 'secret'

/** How a key came to exist in this store: made here, unwrapped here, or given in the clear. */
export type KeyOrigin = 'generated' | 'imported' | 'given'

/** What a key must be so that a wrapping key with this template wraps it (CKA_WRAP_TEMPLATE). */
export interface WrapTemplate {
  readonly classes: readonly KeyClass[]
  readonly sensitive: true
  readonly wrapWithTrusted: true
}

/** The attributes of a key. */
export interface Attributes {
  readonly class: KeyClass
  readonly origin: KeyOrigin
  /** Its bytes are never shown. */
  readonly sensitive: boolean
  /** It was made here and has been sensitive ever since. */
  readonly alwaysSensitive: boolean
  /** It may leave under another key. */
  readonly extractable: boolean
  /** It was made here and could never leave. */
  readonly neverExtractable: boolean
  /** The officer vouches for it as a wrapping key. */
  readonly trusted: boolean
  /** It may leave under a trusted key only. */
  readonly wrapWithTrusted: boolean
  readonly operations: readonly Operation[]
  /** In which transports of keys it may take part as the wrapping or unwrapping key. */
  readonly mechanisms: readonly Mechanism[]
  readonly wrapTemplate: WrapTemplate | null
  /** No policy ever releases a key from this store; the member says so in every record. */
  readonly releasePolicy: null
  /** Held by the module, never by the service in front of it. */
  readonly hsm: true
}

/** A key as everybody may see it. */
export interface KeyRecord extends Attributes {
  readonly handle: KeyHandle
  readonly kind: KeyKind
  /** Under which commands find a target; for keys of a vault `name/version`; `null` for a KEK from outside. */
  readonly label: string | null
  /** The version it is in a vault, here or (for a KEK from outside) elsewhere. */
  readonly kid: Kid | null
  readonly key: PublicPart
  readonly identity: KeyIdentity
  /** The conversation that it dies with; `null` once it is kept. */
  readonly owner: string | null
}

/**
 * What an untrusted caller would ask for if a template were his to write: as open as the type allows, with a clean
 * history. The forcing rules in `rules.ts` turn it into what a key really gets; without them it stays like this.
 */
export function asked(keyClass: KeyClass, origin: KeyOrigin, operations: readonly Operation[], extractable: boolean): Attributes {
  return {
    class: keyClass,
    origin,
    sensitive: false,
    alwaysSensitive: true,
    extractable,
    neverExtractable: true,
    trusted: true,
    wrapWithTrusted: false,
    operations: operationSet(operations),
    mechanisms: Object.freeze([]),
    wrapTemplate: null,
    releasePolicy: null,
    hsm: true,
  }
}

/** The only mechanism of a KEK, on both sides. */
export const KEK_MECHANISMS: readonly Mechanism[] = Object.freeze(['CKM_RSA_AES_KEY_WRAP'] as const)

/** What a KEK in the source store wraps: a sensitive key that itself insists on a trusted wrapping key. */
export const KEK_WRAP_TEMPLATE: WrapTemplate = Object.freeze({
  classes: Object.freeze(['private', 'secret'] as const),
  sensitive: true,
  wrapWithTrusted: true,
})

/** Whether a key is one that a template describes. */
export const matchesTemplate = (key: Attributes, template: WrapTemplate): boolean =>
  template.classes.includes(key.class) && key.sensitive === template.sensitive && key.wrapWithTrusted === template.wrapWithTrusted

/** A frozen record, members in one order, so that equal records are equal as JSON. */
export function keyRecord(attributes: Attributes, rest: Omit<KeyRecord, keyof Attributes>): KeyRecord {
  return Object.freeze({
    handle: rest.handle,
    kind: rest.kind,
    label: rest.label,
    kid: rest.kid === null ? null : Object.freeze({ vault: rest.kid.vault, name: rest.kid.name, version: rest.kid.version }),
    key: Object.freeze({ ...rest.key }),
    identity: rest.identity,
    owner: rest.owner,
    class: attributes.class,
    origin: attributes.origin,
    sensitive: attributes.sensitive,
    alwaysSensitive: attributes.alwaysSensitive,
    extractable: attributes.extractable,
    neverExtractable: attributes.neverExtractable,
    trusted: attributes.trusted,
    wrapWithTrusted: attributes.wrapWithTrusted,
    operations: attributes.operations,
    mechanisms: attributes.mechanisms,
    wrapTemplate: attributes.wrapTemplate,
    releasePolicy: null,
    hsm: true,
  })
}

/** Attributes that change during a key's life. What is not among them never changes. */
export type AttributeChange = Partial<Pick<Attributes, 'sensitive' | 'extractable' | 'trusted' | 'wrapWithTrusted' | 'operations'>>

/** The record after a change, with both histories kept honest. Whether the change is allowed is for the rules to say. */
export function changed(record: KeyRecord, change: AttributeChange): KeyRecord {
  const after = { ...record, ...change }
  return keyRecord(
    {
      ...after,
      operations: operationSet(after.operations),
      alwaysSensitive: record.alwaysSensitive && after.sensitive,
      neverExtractable: record.neverExtractable && !after.extractable,
    },
    record,
  )
}
