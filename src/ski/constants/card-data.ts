/**
 * `CARD_DATA`, version 7: the structure through which a caller and a minidriver find each other's functions. A fact about
 * two ABIs, stated as data; nothing here is ever sent.
 *
 * Requirements: SKI-95, SKI-146.
 * @module
 */
import { layOut, type MemberDeclaration } from './layout.js'

/** The versions of the interface (`CARD_DATA.dwVersion`). Not the version of the specification document, which is 7.06 or 7.07. */
export const INTERFACE_VERSIONS = [
  { version: 4, meaning: 'the lowest that is spoken' },
  { version: 5, meaning: 'key derivation, PSS' },
  { version: 6, meaning: 'several PINs, read-only cards, properties' },
  { version: 7, meaning: 'secure key injection, RSA unpadding on the card, CardCreateContainerEx' },
] as const

/** One member of `CARD_DATA`. */
export interface CardDataMember {
  readonly name: string
  /** The version that brought it; 4 for everything before. */
  readonly version: 4 | 5 | 6 | 7
  /** Offset in bytes. */
  readonly x64: number
  readonly x86: number
}

const V4: readonly MemberDeclaration[] = [
  ['dwVersion', 'u32'],
  ['pbAtr', 'pointer'],
  ['cbAtr', 'u32'],
  ...pointers('pwszCardName', 'pfnCspAlloc', 'pfnCspReAlloc', 'pfnCspFree'),
  ...pointers('pfnCspCacheAddFile', 'pfnCspCacheLookupFile', 'pfnCspCacheDeleteFile', 'pvCacheContext', 'pfnCspPadData'),
  ...pointers('hSCardCtx', 'hScard', 'pvVendorSpecific'),
  ...pointers('pfnCardDeleteContext', 'pfnCardQueryCapabilities', 'pfnCardDeleteContainer', 'pfnCardCreateContainer', 'pfnCardGetContainerInfo'),
  ...pointers('pfnCardAuthenticatePin', 'pfnCardGetChallenge', 'pfnCardAuthenticateChallenge', 'pfnCardUnblockPin', 'pfnCardChangeAuthenticator'),
  ...pointers('pfnCardDeauthenticate', 'pfnCardCreateDirectory', 'pfnCardDeleteDirectory', 'pvUnused3', 'pvUnused4'),
  ...pointers('pfnCardCreateFile', 'pfnCardReadFile', 'pfnCardWriteFile', 'pfnCardDeleteFile', 'pfnCardEnumFiles', 'pfnCardGetFileInfo'),
  ...pointers('pfnCardQueryFreeSpace', 'pfnCardQueryKeySizes', 'pfnCardSignData', 'pfnCardRSADecrypt', 'pfnCardConstructDHAgreement'),
]

const V5 = pointers('pfnCardDeriveKey', 'pfnCardDestroyDHAgreement', 'pfnCspGetDHAgreement')

const V6 = [
  ...pointers('pfnCardGetChallengeEx', 'pfnCardAuthenticateEx', 'pfnCardChangeAuthenticatorEx', 'pfnCardDeauthenticateEx'),
  ...pointers('pfnCardGetContainerProperty', 'pfnCardSetContainerProperty', 'pfnCardGetProperty', 'pfnCardSetProperty'),
]

const V7 = [
  ...pointers('pfnCspUnpadData', 'pfnMDImportSessionKey', 'pfnMDEncryptData', 'pfnCardImportSessionKey', 'pfnCardGetSharedKeyHandle'),
  ...pointers('pfnCardGetAlgorithmProperty', 'pfnCardGetKeyProperty', 'pfnCardSetKeyProperty', 'pfnCardDestroyKey'),
  ...pointers('pfnCardProcessEncryptedData', 'pfnCardCreateContainerEx'),
]

const ALL = [...V4, ...V5, ...V6, ...V7]
const [X64, X86] = [layOut(ALL, 'x64'), layOut(ALL, 'x86')]

/** Every member with its offsets, in order. */
export const CARD_DATA: readonly CardDataMember[] = ALL.map(([name], index) => ({
  name,
  version: index < V4.length ? 4 : index < V4.length + V5.length ? 5 : index < ALL.length - V7.length ? 6 : 7,
  x64: X64.members[index]!.offset,
  x86: X86.members[index]!.offset,
}))

/** The size of the structure, in bytes. */
export const CARD_DATA_BYTES = { x64: X64.size, x86: X86.size } as const

function pointers(...names: readonly string[]): readonly MemberDeclaration[] {
  return names.map((name) => [name, 'pointer'])
}
