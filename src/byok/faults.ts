/**
 * Every fault that this folder can find, in one table: the requirement behind it, a sentence for a person, and what would have been right.
 *
 * The codes are public and stable. Codecs build their faults with {@link byokFault}, so that a code cannot exist without a text;
 * {@link explainFault} turns any fault, also one of the core, into a line for a person.
 *
 * Requirements: the table names them; the answers of a vault do not (BYOK-114).
 * @module
 */
import type { Fault } from '../verdict.js'
import { CORE_FAULTS } from './core-faults.js'

/** What is known about a code. */
export interface FaultEntry {
  /** The requirement that is enforced. */
  readonly requirement: `BYOK-${number}`
  /** What is wrong, as a sentence without its full stop. */
  readonly text: string
  /** What would have been right. */
  readonly right?: string
}

/** All codes of `keyferry/byok`. */
export const BYOK_FAULTS = {
  // Key identifiers
  kid_not_url: { requirement: 'BYOK-38', text: 'The key identifier is not a URL of visible ASCII characters', right: 'https://HOST/keys/NAME/VERSION' },
  kid_not_https: { requirement: 'BYOK-10', text: 'The key identifier is not an https URL', right: 'https' },
  kid_userinfo: { requirement: 'BYOK-10', text: 'The key identifier carries user information in front of the host', right: 'none' },
  kid_host_invalid: { requirement: 'BYOK-10', text: 'The host of the key identifier is not a host name', right: 'letters, digits, hyphens and dots' },
  kid_host_trailing_dot: { requirement: 'BYOK-10', text: 'The host of the key identifier ends in a dot', right: 'no dot at the end' },
  kid_port_invalid: { requirement: 'BYOK-10', text: 'The port of the key identifier is not a port number', right: '1 to 65535' },
  kid_query: { requirement: 'BYOK-10', text: 'The key identifier has a query', right: 'none' },
  kid_fragment: { requirement: 'BYOK-10', text: 'The key identifier has a fragment', right: 'none' },
  kid_path_wrong: { requirement: 'BYOK-38', text: 'The path of the key identifier is not that of a key version', right: '/keys/NAME/VERSION' },
  kid_name_invalid: { requirement: 'BYOK-111', text: 'The key identifier names no possible key', right: '1 to 127 letters, digits and hyphens' },
  kid_version_missing: { requirement: 'BYOK-38', text: 'The key identifier names no version of the key', right: 'https://HOST/keys/NAME/VERSION' },
  kid_version_invalid: { requirement: 'BYOK-38', text: 'The version in the key identifier is not a version', right: '32 lower-case hexadecimal digits' },

  // Key exchange keys
  kek_kty_wrong: { requirement: 'BYOK-33', text: 'The key exchange key has the wrong type', right: 'RSA-HSM' },
  kek_size_not_allowed: { requirement: 'BYOK-34', text: 'The key exchange key has a size that is not allowed', right: '2048, 3072 or 4096 bits' },
  kek_modulus_invalid: {
    requirement: 'BYOK-34',
    text: 'The modulus of the key exchange key is not one',
    right: 'an odd number, base64url, without leading zero bytes',
  },
  kek_exponent_invalid: { requirement: 'BYOK-73', text: 'The public exponent of the key exchange key is not allowed', right: 'odd, at least 3, below 2^64' },
  kek_unconfirmed: { requirement: 'BYOK-48', text: 'The key exchange key is not confirmed from another channel', right: 'its fingerprint' },
  kek_fingerprint_differs: { requirement: 'BYOK-142', text: 'The key exchange key has another fingerprint than the one given' },
  kek_kid_differs: { requirement: 'BYOK-9', text: 'The key exchange key says that it is another one' },
  kek_operations_wrong: { requirement: 'BYOK-35', text: 'The key exchange key has other operations than import', right: 'import' },
  kek_other_vault: { requirement: 'BYOK-36', text: 'The key exchange key is in another vault' },
  kek_exportable: { requirement: 'BYOK-37', text: 'The private half of the key exchange key is exportable', right: 'not exportable' },
  kek_disabled: { requirement: 'BYOK-39', text: 'The key exchange key is disabled', right: 'enabled' },
  kek_not_yet_valid: { requirement: 'BYOK-39', text: 'The key exchange key is not valid yet' },
  kek_expired: { requirement: 'BYOK-39', text: 'The key exchange key has expired' },
  kek_deleted: { requirement: 'BYOK-40', text: 'The key exchange key is deleted', right: 'not deleted' },

  // Targets
  target_kind_unknown: {
    requirement: 'BYOK-74',
    text: 'There is no such kind of target key',
    right: 'RSA 2048, 3072, 4096; P-256, P-256K, P-384, P-521; oct 128, 192, 256',
  },
  target_oct_not_taken: {
    requirement: 'BYOK-68',
    text: 'The vault takes no symmetric keys; only a Managed HSM does',
    right: 'a host below managedhsm.azure.net, or one configured as such',
  },
  operation_import_on_target: { requirement: 'BYOK-110', text: 'The operation import is for key exchange keys only' },
  operation_not_for_type: { requirement: 'BYOK-110', text: 'The operation does not fit the type of the key' },
  operation_twice: { requirement: 'BYOK-110', text: 'An operation is named twice', right: 'each operation once' },

  // The transfer file as bytes and as JSON
  file_empty: { requirement: 'BYOK-99', text: 'The file is empty' },
  file_too_large: { requirement: 'BYOK-96', text: 'The file is too large', right: 'at most 65536 bytes' },
  file_too_deep: { requirement: 'BYOK-96', text: 'The file nests too deep', right: 'at most 4 levels' },
  file_byte_order_mark: { requirement: 'BYOK-94', text: 'The file begins with a byte order mark', right: 'UTF-8 without byte order mark' },
  file_not_utf8: { requirement: 'BYOK-94', text: 'The file is not UTF-8', right: 'UTF-8' },
  file_utf16: { requirement: 'BYOK-95', text: 'The file is UTF-16 or UTF-32, as some editors and shells write it', right: 'UTF-8' },
  file_lone_surrogate: { requirement: 'BYOK-94', text: 'An escape in the file is half of a character', right: 'surrogates in pairs' },
  file_not_json: { requirement: 'BYOK-80', text: 'The file is not JSON', right: 'one JSON object' },
  file_compact_jwe: { requirement: 'BYOK-80', text: 'The file is in the compact form of JWE', right: 'one JSON object' },
  file_not_object: { requirement: 'BYOK-80', text: 'The file is JSON, but not an object', right: 'one JSON object' },

  // Members of the transfer file
  member_missing: { requirement: 'BYOK-80', text: 'A member is missing' },
  member_type_wrong: { requirement: 'BYOK-80', text: 'A member has the wrong type' },
  member_name_case: { requirement: 'BYOK-88', text: 'The name of a member is written in the wrong case' },
  member_unknown: { requirement: 'BYOK-89', text: 'A member is not part of the format', right: 'no other members' },
  member_duplicate: { requirement: 'BYOK-90', text: 'A member stands twice', right: 'each member once' },
  schema_version_unknown: { requirement: 'BYOK-81', text: 'The schema version is not the known one', right: '1.0.0' },
  schema_version_release: { requirement: 'BYOK-81', text: 'The schema version is that of the opposite direction, secure key release', right: '1.0.0' },
  header_not_object: { requirement: 'BYOK-82', text: 'The header is not an object in clear', right: 'an object' },
  alg_unknown: { requirement: 'BYOK-84', text: 'The header names another alg', right: 'dir' },
  enc_unknown: { requirement: 'BYOK-85', text: 'The header names another enc', right: 'CKM_RSA_AES_KEY_WRAP' },
  constant_case: { requirement: 'BYOK-88', text: 'A constant is written in the wrong case' },

  // The member `ciphertext`
  ciphertext_empty: { requirement: 'BYOK-86', text: 'The ciphertext is empty' },
  ciphertext_notation: { requirement: 'BYOK-86', text: 'The letters BASE64URL(…) are notation and no part of the value', right: 'base64url alone' },
  ciphertext_padded: { requirement: 'BYOK-91', text: 'The ciphertext has padding', right: 'no =' },
  ciphertext_padding_wrong: { requirement: 'BYOK-91', text: 'The ciphertext has the wrong number of padding characters' },
  ciphertext_alphabet_standard: { requirement: 'BYOK-92', text: 'The ciphertext is base64 with + and /', right: 'base64url with - and _' },
  ciphertext_alphabets_mixed: { requirement: 'BYOK-92', text: 'The ciphertext mixes base64 and base64url', right: 'base64url' },
  ciphertext_white_space: { requirement: 'BYOK-92', text: 'There is white space in the ciphertext', right: 'none' },
  ciphertext_character_unknown: { requirement: 'BYOK-92', text: 'There is a character in the ciphertext that is not base64url', right: 'base64url' },
  ciphertext_length_impossible: { requirement: 'BYOK-86', text: 'No byte string has a base64url text of this length' },
  ciphertext_spare_bits: { requirement: 'BYOK-93', text: 'The last character of the ciphertext has bits that belong to no byte', right: 'zero bits' },

  // The transfer blob
  blob_too_large: { requirement: 'BYOK-96', text: 'The transfer blob is over the cap', right: 'at most 8192 bytes' },
  blob_too_short: { requirement: 'BYOK-61', text: 'The transfer blob is too short to hold both parts' },
  blob_too_long: { requirement: 'BYOK-61', text: 'The transfer blob is longer than any target makes it' },
  blob_not_whole_blocks: { requirement: 'BYOK-61', text: 'The second part of the transfer blob is not a multiple of 8 bytes' },

  // The member `generator`
  generator_missing: { requirement: 'BYOK-87', text: 'The file does not say what made it', right: 'tool and HSM with their versions' },
  generator_too_long: { requirement: 'BYOK-97', text: 'The generator is too long', right: 'at most 1024 characters' },
  generator_control_characters: { requirement: 'BYOK-97', text: 'There are control characters in the generator', right: 'none' },

  // REST requests
  call_unknown: { requirement: 'BYOK-173', text: 'There is no such call' },
  call_not_for_role: { requirement: 'BYOK-173', text: 'The call is not one that this role makes' },
  request_id_invalid: { requirement: 'BYOK-174', text: 'The client request id is not usable', right: 'at most 128 visible ASCII characters' },
  api_version_missing: { requirement: 'BYOK-173', text: 'The request names no api-version', right: 'one api-version' },
  api_version_unknown: { requirement: 'BYOK-173', text: 'The api-version is not known' },
  api_version_twice: { requirement: 'BYOK-173', text: 'The request names its api-version twice', right: 'one api-version' },
  body_missing: { requirement: 'BYOK-173', text: 'The request has no body', right: 'a JSON object' },
  body_unexpected: { requirement: 'BYOK-173', text: 'The request has a body', right: 'none' },
  body_too_large: { requirement: 'BYOK-96', text: 'The body is too large', right: 'at most 131072 bytes' },
  body_not_json: { requirement: 'BYOK-173', text: 'The body is not a JSON object', right: 'a JSON object with each member once' },
  name_invalid: { requirement: 'BYOK-111', text: 'The name is not the name of a key', right: '1 to 127 letters, digits and hyphens' },
  version_missing: { requirement: 'BYOK-111', text: 'The request names no version of the key', right: '32 lower-case hexadecimal digits' },
  version_invalid: { requirement: 'BYOK-111', text: 'The version is not a version', right: '32 lower-case hexadecimal digits' },
  key_size_invalid: { requirement: 'BYOK-100', text: 'The key size is missing or not a number', right: '2048, 3072 or 4096' },
  public_exponent_refused: { requirement: 'BYOK-100', text: 'The public exponent of a key that is made cannot be chosen', right: '65537, or none' },
  kty_not_hsm: { requirement: 'BYOK-108', text: 'The key type is not an HSM type', right: 'RSA-HSM, EC-HSM or oct-HSM' },
  crv_missing: { requirement: 'BYOK-109', text: 'The import of an EC key names no curve', right: 'P-256, P-256K, P-384 or P-521' },
  crv_unknown: { requirement: 'BYOK-109', text: 'The curve is not known', right: 'P-256, P-256K, P-384 or P-521' },
  crv_unexpected: { requirement: 'BYOK-109', text: 'A curve is named for a key that has none', right: 'no crv' },
  key_ops_invalid: {
    requirement: 'BYOK-110',
    text: 'The operations are not a list of operations',
    right: 'encrypt, decrypt, sign, verify, wrapKey, unwrapKey, import',
  },
  key_missing: { requirement: 'BYOK-102', text: 'The import has no key', right: 'an object' },
  key_hsm_missing: { requirement: 'BYOK-102', text: 'The import has no transfer blob', right: 'key_hsm' },
  key_hsm_with_key_members: { requirement: 'BYOK-104', text: 'The import has a transfer blob and members of a key beside it', right: 'key_hsm alone' },
  attributes_invalid: { requirement: 'BYOK-112', text: 'The attributes are not an object, or one has the wrong type' },
  attributes_window_empty: { requirement: 'BYOK-112', text: 'The key would expire before it becomes valid', right: 'nbf before exp' },
  attributes_exportable: { requirement: 'BYOK-112', text: 'An exportable key is asked for', right: 'not exportable' },
  attributes_not_offered: { requirement: 'BYOK-112', text: 'The request sets an attribute that this vault cannot keep' },
  release_policy_refused: { requirement: 'BYOK-18', text: 'The request has a release policy', right: 'none' },
  tags_invalid: { requirement: 'BYOK-112', text: 'The tags are not an object of texts' },
  tags_too_many: { requirement: 'BYOK-112', text: 'There are too many tags', right: 'at most 15' },
  tags_too_long: { requirement: 'BYOK-112', text: 'A tag is too long', right: 'at most 256 characters for name and value each' },
  update_refused: { requirement: 'BYOK-115', text: 'An update may change enabled and nothing else', right: 'attributes.enabled' },

  // REST answers
  answer_not_json: { requirement: 'BYOK-107', text: 'The answer is not a JSON object', right: 'a JSON object with each member once' },
  answer_too_large: { requirement: 'BYOK-96', text: 'The answer is too large', right: 'at most 131072 bytes' },
  answer_status_unexpected: { requirement: 'BYOK-113', text: 'The answer has a status that is neither 200 nor that of an error', right: '200, or 400 to 599' },
  answer_error_malformed: { requirement: 'BYOK-113', text: 'The answer is an error without an error object', right: 'error.code and error.message' },
  answer_member_invalid: { requirement: 'BYOK-107', text: 'A member of the key bundle is missing or wrong' },
  answer_secret_member: { requirement: 'BYOK-20', text: 'The answer holds a member that is not public' },
  answer_other_key: { requirement: 'BYOK-107', text: 'The answer is about another key than the one asked for' },
  answer_other_request: { requirement: 'BYOK-107', text: 'The answer belongs to another request' },
} as const satisfies Readonly<Record<string, FaultEntry>>

/** A code of {@link BYOK_FAULTS}. */
export type ByokFaultCode = keyof typeof BYOK_FAULTS

/** A fault with a code of this folder. */
export type ByokFault<Code extends ByokFaultCode = ByokFaultCode> = Fault<Code>

/** A fault with the requirement and, unless `details` know better, what would have been right. */
export function byokFault<Code extends ByokFaultCode>(code: Code, details: Omit<Fault, 'code'> = {}): ByokFault<Code> {
  const { requirement, right }: FaultEntry = BYOK_FAULTS[code]
  return { code, requirement, ...(right === undefined ? {} : { wanted: right }), ...details }
}

/** The sentence for a code, or the code itself in words where this folder does not know it. */
export function faultText(code: string): string {
  const entry = Object.hasOwn(BYOK_FAULTS, code) ? BYOK_FAULTS[code as ByokFaultCode] : undefined
  if (entry) return entry.text
  const words = (Object.hasOwn(CORE_FAULTS, code) ? CORE_FAULTS[code]!.text : undefined) ?? code.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/**
 * A fault as one line for a person.
 *
 * @example
 * explainFault({ code: 'kek_size_not_allowed', found: 1024, wanted: '2048, 3072 or 4096 bits', requirement: 'BYOK-34' })
 * // 'The key exchange key has a size that is not allowed (found: 1024; wanted: 2048, 3072 or 4096 bits) [BYOK-34]'
 */
export function explainFault(fault: Fault): string {
  const details = [
    fault.at === undefined ? null : `at: ${fault.at}`,
    fault.found === undefined ? null : `found: ${fault.found}`,
    fault.wanted === undefined ? null : `wanted: ${fault.wanted}`,
  ].filter((detail) => detail !== null)
  const requirement = fault.requirement ?? (Object.hasOwn(CORE_FAULTS, fault.code) ? CORE_FAULTS[fault.code]!.requirement : undefined)
  return [faultText(fault.code), details.length > 0 ? ` (${details.join('; ')})` : '', requirement === undefined ? '' : ` [${requirement}]`].join('')
}
