/**
 * The function calls of the minidriver interface as messages, by their published names, and what they return. Arguments
 * keep their published names and units as far as plain data can: byte strings are base64url, a NULL pointer is `null`,
 * a buffer that the caller provides is its size in bytes. Where a published argument is plaintext, a handle to it in the
 * server's enclave stands in its place (SKI-220).
 *
 * `call` is a number that the return echoes, so that a late return is not taken for another one.
 *
 * Spec: spec/ski.md, SKI-120 to SKI-149.
 * @module
 */
import type { SkiHandle } from './enclave/commands.js'

/** A plaintext argument: where it lies in the server's enclave. */
export interface PlainArgument {
  readonly reference: SkiHandle
}

/** `BCRYPT_OAEP_PADDING_INFO`: the CNG name of the hash, and the label. */
export interface OaepInfo {
  readonly hash: string
  readonly label: string | null
}

interface Numbered {
  readonly call: number
}

/** Functions that both modes know, or that make and end a context. */
export type CommonCall =
  | (Numbered & {
      readonly type: 'CardAcquireContext'
      /** 0 or `CARD_SECURE_KEY_INJECTION_NO_CARD_MODE`. */
      readonly flags: number
      /** `CARD_DATA.dwVersion` as requested. */
      readonly version: number
      readonly atr: string | null
      readonly cardName: string | null
      /** Whether `pfnCspAlloc`, `pfnCspReAlloc` and `pfnCspFree` are all there. */
      readonly allocators: boolean
      readonly hSCardCtx: number
      readonly hScard: number
    })
  | (Numbered & { readonly type: 'CardDeleteContext' })
  | (Numbered & {
      readonly type: 'CardGetSharedKeyHandle'
      readonly input: string | null
      /** Whether `ppbOutput` is there. */
      readonly output: boolean
      /** Whether `phKey` is there. */
      readonly phKey: boolean
    })
  | (Numbered & {
      readonly type: 'CardGetAlgorithmProperty'
      readonly algorithm: string | null
      readonly property: string | null
      /** `cbData`; `null` for as much as is needed. */
      readonly size: number | null
      readonly flags: number
    })
  | (Numbered & { readonly type: 'CardDestroyKey'; readonly handle: number })
  | (Numbered & {
      readonly type: 'CardGetKeyProperty'
      readonly handle: number
      readonly property: string | null
      readonly size: number | null
      readonly flags: number
    })
  | (Numbered & {
      readonly type: 'CardSetKeyProperty'
      readonly handle: number
      readonly property: string | null
      readonly input: string | null
      readonly flags: number
    })
  | (Numbered & {
      readonly type: 'CardProcessEncryptedData'
      readonly handle: number
      readonly function: string | null
      readonly blobs: readonly string[] | null
      /** `cbOutput`; `null` for as much as is needed. */
      readonly size: number | null
      readonly flags: number
    })

/** Functions of the server side (no-card mode). */
export type ServerCall =
  | (Numbered & {
      readonly type: 'MDImportSessionKey'
      readonly blobType: string | null
      readonly algorithm: string | null
      readonly phKey: boolean
      readonly input: PlainArgument | null
    })
  | (Numbered & {
      readonly type: 'MDEncryptData'
      readonly handle: number
      readonly function: string | null
      readonly input: PlainArgument | null
      readonly flags: number
      /** Into how many blobs the product is asked to cut; ours to choose. */
      readonly pieces: number
    })

/** Functions of the client side (card mode). */
export type ClientCall =
  | (Numbered & { readonly type: 'CardGetProperty'; readonly property: string | null; readonly size: number | null; readonly flags: number })
  | (Numbered & { readonly type: 'CardSetProperty'; readonly property: string | null; readonly input: string | null; readonly flags: number })
  | (Numbered & { readonly type: 'CardReadFile'; readonly directory: string | null; readonly file: string | null; readonly flags: number })
  | (Numbered & {
      readonly type: 'CardWriteFile'
      readonly directory: string | null
      readonly file: string | null
      readonly flags: number
      readonly data: string | null
    })
  | (Numbered & {
      readonly type: 'CardCreateContainer'
      readonly containerIndex: number
      readonly flags: number
      readonly keySpec: number
      /** Bits; 0 for an EC key that is made on the card. */
      readonly keySize: number
    })
  | (Numbered & {
      readonly type: 'CardCreateContainerEx'
      readonly containerIndex: number
      readonly flags: number
      readonly keySpec: number
      readonly keySize: number
      readonly pinId: number
    })
  | (Numbered & { readonly type: 'CardDeleteContainer'; readonly containerIndex: number; readonly reserved: number })
  | (Numbered & { readonly type: 'CardGetContainerInfo'; readonly containerIndex: number; readonly flags: number; readonly info: boolean })
  | (Numbered & {
      readonly type: 'CardGetContainerProperty'
      readonly containerIndex: number
      readonly property: string | null
      readonly size: number | null
      readonly flags: number
    })
  | (Numbered & { readonly type: 'CardQueryKeySizes'; readonly keySpec: number; readonly flags: number; readonly sizes: boolean })
  | (Numbered & {
      readonly type: 'CardImportSessionKey'
      readonly containerIndex: number
      readonly paddingInfo: OaepInfo | null
      readonly blobType: string | null
      readonly algorithm: string | null
      readonly phKey: boolean
      readonly input: string | null
      readonly flags: number
    })
  | (Numbered & {
      readonly type: 'CardConstructDHAgreement'
      readonly version: number
      readonly containerIndex: number
      readonly flags: number
      /** The server's point, a `BCRYPT_ECCKEY_BLOB`. */
      readonly publicKey: string | null
    })
  | (Numbered & {
      readonly type: 'CardDeriveKey'
      readonly version: number
      readonly flags: number
      readonly kdf: string | null
      readonly agreement: number
      /** The parameter list: session ‖ server nonce, or an establishment around them. */
      readonly parameters: string | null
      readonly algorithm: string | null
      /** Bits. */
      readonly keyLength: number
    })
  | (Numbered & { readonly type: 'CardDestroyDHAgreement'; readonly agreement: number; readonly flags: number })
  | (Numbered & {
      readonly type: 'CardAuthenticateEx'
      readonly pinId: number
      readonly flags: number
      /** `null`: at the PIN pad. Typed here it is outside the promise (SKI-284). */
      readonly pin: string | null
    })
  | (Numbered & {
      readonly type: 'CardDeauthenticateEx'
      /** A `PIN_SET`: the mask 1 << id. */
      readonly pins: number
      readonly flags: number
    })

/** Any call of an application to a minidriver. */
export type Call = CommonCall | ServerCall | ClientCall

/** The functions, by name. */
export type FunctionName = Call['type']

/** What a call returns. Members that a function does not have are `null`. */
export interface Returned extends Numbered {
  readonly type: 'minidriver.returned'
  readonly function: FunctionName
  /** A `DWORD` status; 0 is success. */
  readonly status: number
  /** Bytes returned: a property, a structure, a file, an output. */
  readonly data: string | null
  /** A `CARD_KEY_HANDLE`, a secret agreement index, or a negotiated version. */
  readonly handle: number | null
  /** Encrypted blobs, in order. */
  readonly blobs: readonly string[] | null
  /** The public key in a returned `CONTAINER_INFO`, as DER SubjectPublicKeyInfo. */
  readonly spki: string | null
  /** Plaintext returned, as its place in the server's enclave. */
  readonly plain: PlainArgument | null
  /** Bytes needed or returned (`pdwDataLen`); for a wrong PIN the tries left. */
  readonly length: number | null
}

/** The eight functions that a no-card context accepts (SKI-20, SKI-143); `CardDeleteContext` works beside them. */
export const NO_CARD_FUNCTIONS = [
  'MDImportSessionKey',
  'MDEncryptData',
  'CardGetSharedKeyHandle',
  'CardGetAlgorithmProperty',
  'CardDestroyKey',
  'CardGetKeyProperty',
  'CardSetKeyProperty',
  'CardProcessEncryptedData',
] as const satisfies readonly FunctionName[]

/** Every function, by name. */
export const FUNCTIONS = [
  'CardAcquireContext',
  'CardDeleteContext',
  'CardGetProperty',
  'CardSetProperty',
  'CardReadFile',
  'CardWriteFile',
  'CardCreateContainer',
  'CardCreateContainerEx',
  'CardDeleteContainer',
  'CardGetContainerInfo',
  'CardGetContainerProperty',
  'CardQueryKeySizes',
  'CardConstructDHAgreement',
  'CardDeriveKey',
  'CardDestroyDHAgreement',
  'CardAuthenticateEx',
  'CardDeauthenticateEx',
  'CardImportSessionKey',
  ...NO_CARD_FUNCTIONS,
] as const satisfies readonly FunctionName[]
