/**
 * Vectors for the import request.
 * @module
 */
import type { Test } from './file.js'
import { BLOB, call, FILE, file, heard, KEK, MANAGED_HSM, refused, RSA_OPERATIONS, TRANSFER, url, VAULT } from './rest-messages.js'

const hsm = (bytes: Buffer) => bytes.toString('base64url')
/** An import as a client sends it, with changes. */
export const rsaImport = (change: object = {}, key: object = {}) => ({
  Hsm: false,
  key: { kty: 'RSA-HSM', key_ops: ['sign', 'verify'], key_hsm: hsm(FILE), ...key },
  attributes: { enabled: true },
  ...change,
})
const put = (body: unknown) => call('PUT', '/keys/imported', body)
const importSays = (change: object = {}) => ({
  type: 'client.importKey',
  request: '',
  name: 'imported',
  kty: 'RSA',
  crv: null,
  operations: ['sign', 'verify'],
  enabled: true,
  transfer: TRANSFER,
  ...change,
})

/** Imports that a vault takes. */
export function imports(): Test[] {
  const yes = (id: string, requirement: string, comment: string, body: unknown, message: object, more: string[] = [], vault?: string) =>
    heard(`import_${id}`, requirement, comment, ['Import', ...more], put(body), message, 'client', vault)
  const ec = (change: object) => ({ Hsm: false, key: { kty: 'EC-HSM', crv: 'P-256', key_hsm: hsm(FILE), ...change }, attributes: { enabled: true } })
  const ecSays = (change: object = {}) => importSays({ kty: 'EC', crv: 'P-256', ...change })
  const octSays = importSays({ kty: 'oct', operations: ['wrapKey', 'unwrapKey'] })
  const oct = (kty: string) => rsaImport({}, { kty, key_ops: ['wrapKey', 'unwrapKey'] })
  return [
    yes('azure_cli_rsa', 'BYOK-103', 'a command line client sends Hsm false together with an -HSM type', rsaImport(), importSays(), ['Client']),
    yes('azure_cli_ec', 'BYOK-109', 'an EC key without key_ops: the type gives them', ec({}), ecSays(), ['Client']),
    yes('azure_cli_oct', 'BYOK-68', 'a symmetric key for a Managed HSM', oct('oct-HSM'), octSays, ['Client'], MANAGED_HSM),
    yes(
      'js_sdk',
      'BYOK-102',
      'an SDK sends no Hsm flag',
      { key: { kty: 'RSA-HSM', key_ops: ['sign', 'verify'], key_hsm: hsm(FILE) }, attributes: {} },
      importSays(),
      ['Client'],
    ),
    yes('hsm_true', 'BYOK-103', 'Hsm true', rsaImport({ Hsm: true }), importSays()),
    yes('hsm_text', 'BYOK-103', 'Hsm has no effect, whatever it is', rsaImport({ Hsm: 'no' }), importSays()),
    yes('disabled', 'BYOK-112', 'disabled from the start', rsaImport({ attributes: { enabled: false } }), importSays({ enabled: false })),
    yes('without_attributes', 'BYOK-112', 'enabled if the request does not say', { key: rsaImport().key }, importSays()),
    yes(
      'rsa_default_operations',
      'BYOK-110',
      'no key_ops: the type gives them',
      { key: { kty: 'RSA-HSM', key_hsm: hsm(FILE) } },
      importSays({ operations: RSA_OPERATIONS }),
    ),
    yes(
      'oct_default_operations',
      'BYOK-110',
      'no key_ops: the type gives them',
      { key: { kty: 'oct-HSM', key_hsm: hsm(FILE) } },
      importSays({ kty: 'oct', operations: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] }),
      [],
      MANAGED_HSM,
    ),
    yes('kty_lower_case', 'BYOK-108', 'the documents spell it in several ways', oct('oct-hsm'), octSays, [], MANAGED_HSM),
    yes('kty_upper_case', 'BYOK-108', 'the documents spell it in several ways', oct('OCT-HSM'), octSays, [], MANAGED_HSM),
    yes('crv_old_name', 'BYOK-109', 'the name that old clients use', ec({ crv: 'SECP256K1' }), ecSays({ crv: 'P-256K' })),
    yes('crv_p521', 'BYOK-109', 'another curve', ec({ crv: 'P-521' }), ecSays({ crv: 'P-521' })),
    yes('key_hsm_standard', 'BYOK-106', 'base64 with padding', rsaImport({}, { key_hsm: FILE.toString('base64') }), importSays()),
    yes(
      'key_hsm_standard_unpadded',
      'BYOK-106',
      'base64 without padding',
      rsaImport({}, { key_hsm: FILE.toString('base64').replace(/=+$/, '') }),
      importSays(),
    ),
    yes(
      'key_hsm_url_padded',
      'BYOK-106',
      'base64url with padding',
      rsaImport({}, { key_hsm: `${hsm(FILE)}${'='.repeat((4 - (hsm(FILE).length % 4)) % 4)}` }),
      importSays(),
    ),
    yes(
      'unknown_members',
      'BYOK-105',
      'unknown members at each level',
      rsaImport({ x: 1, attributes: { enabled: true, recoveryLevel: 'Purgeable', y: [] } }, { use: 'sig', z: {} }),
      importSays(),
    ),
    yes('tags', 'BYOK-112', 'with tags', rsaImport({ tags: { owner: 'x' } }), importSays()),
  ]
}

/** Imports that are refused before the blob is looked at. */
export function badImports(): Test[] {
  const no = (id: string, requirement: string, comment: string, body: unknown, expect: string, vault?: string) =>
    refused(`import_${id}`, requirement, comment, ['Import'], put(body), expect, 'client', vault)
  const { kty: _kty, ...untyped } = rsaImport().key
  const { key_hsm: _blob, ...blobless } = rsaImport().key
  const beside = ['n', 'e', 'd', 'dp', 'dq', 'qi', 'p', 'q', 'k', 'x', 'y'].map((name) =>
    no(`key_hsm_with_${name}`, 'BYOK-104', `key_hsm and ${name}: two keys in one request`, rsaImport({}, { [name]: 'AQAB' }), 'key_hsm_with_key_members'),
  )
  return [
    no('kty_rsa', 'BYOK-108', 'a software type would take the key out of the HSM', rsaImport({}, { kty: 'RSA' }), 'kty_not_hsm'),
    no('kty_ec', 'BYOK-108', 'a software type', rsaImport({}, { kty: 'EC', crv: 'P-256' }), 'kty_not_hsm'),
    no('kty_unknown', 'BYOK-108', 'a type of later versions', rsaImport({}, { kty: 'AKP-HSM' }), 'kty_not_hsm'),
    no('kty_missing', 'BYOK-108', 'the type is never guessed', { key: untyped }, 'kty_not_hsm'),
    no('kty_number', 'BYOK-108', 'a number', rsaImport({}, { kty: 1 }), 'kty_not_hsm'),
    no('crv_missing', 'BYOK-109', 'EC without a curve', rsaImport({}, { kty: 'EC-HSM' }), 'crv_missing'),
    no('crv_unknown', 'BYOK-109', 'P-224', rsaImport({}, { kty: 'EC-HSM', crv: 'P-224' }), 'crv_unknown'),
    no('crv_case', 'BYOK-109', 'p-256', rsaImport({}, { kty: 'EC-HSM', crv: 'p-256' }), 'crv_unknown'),
    no('crv_with_rsa', 'BYOK-109', 'RSA has no curve', rsaImport({}, { crv: 'P-256' }), 'crv_unexpected'),
    no('key_missing', 'BYOK-102', 'no key', { attributes: {} }, 'key_missing'),
    no('key_array', 'BYOK-102', 'an array', { key: [rsaImport().key] }, 'key_missing'),
    no('key_hsm_missing', 'BYOK-102', 'no blob', { key: blobless }, 'key_hsm_missing'),
    ...beside,
    no('operations_text', 'BYOK-110', 'text instead of a list', rsaImport({}, { key_ops: 'sign' }), 'key_ops_invalid'),
    no('operation_unknown', 'BYOK-110', 'an unknown operation', rsaImport({}, { key_ops: ['sign', 'deriveKey'] }), 'key_ops_invalid'),
    no('operation_twice', 'BYOK-110', 'sign, twice', rsaImport({}, { key_ops: ['sign', 'sign'] }), 'operation_twice'),
    no(
      'operation_import',
      'BYOK-110',
      'import is never an operation of a target',
      rsaImport({}, { key_ops: ['sign', 'import'] }),
      'operation_import_on_target',
    ),
    no(
      'operation_not_for_ec',
      'BYOK-110',
      'an EC key does not wrap',
      rsaImport({}, { kty: 'EC-HSM', crv: 'P-256', key_ops: ['sign', 'wrapKey'] }),
      'operation_not_for_type',
    ),
    no(
      'operation_not_for_oct',
      'BYOK-110',
      'a symmetric key does not sign',
      rsaImport({}, { kty: 'oct-HSM', key_ops: ['sign'] }),
      'operation_not_for_type',
      MANAGED_HSM,
    ),
    no(
      'oct_into_key_vault',
      'BYOK-68',
      'only a Managed HSM takes symmetric keys',
      rsaImport({}, { kty: 'oct-HSM', key_ops: ['encrypt'] }),
      'target_oct_not_taken',
      VAULT,
    ),
    no(
      'oct_into_look_alike',
      'BYOK-68',
      'a host that only looks like a Managed HSM',
      rsaImport({}, { kty: 'oct-HSM', key_ops: ['encrypt'] }),
      'target_oct_not_taken',
      'https://contoso-managedhsm.azure.net',
    ),
    no('exportable', 'BYOK-112', 'an exportable key', rsaImport({ attributes: { exportable: true } }), 'attributes_exportable'),
    no('release_policy', 'BYOK-18', 'a release policy', rsaImport({ release_policy: { data: 'e30' } }), 'release_policy_refused'),
    no('body_too_large', 'BYOK-96', 'over 128 KiB', rsaImport({ padding: 'x'.repeat(131_072) }), 'body_too_large'),
  ]
}

/** Bad transfer files inside good requests: message and answer do not tell why. */
export function transfers(): Test[] {
  const no = (id: string, requirement: string, comment: string, keyHsm: unknown): Test => ({
    ...refused(`import_${id}`, requirement, comment, ['Import', 'Uniform'], put(rsaImport({}, { key_hsm: keyHsm })), 'transfer_refused'),
    message: importSays({ transfer: null }),
  })
  const encoded = hsm(FILE)
  const standard = FILE.toString('base64').replace(/=+$/, '')
  return [
    no('key_hsm_empty', 'BYOK-99', 'an empty string is a bad blob, not "no blob"', ''),
    no('key_hsm_number', 'BYOK-114', 'a number', 1),
    no('key_hsm_object', 'BYOK-114', 'the file as an object', JSON.parse(FILE.toString())),
    no('key_hsm_text', 'BYOK-106', 'the file as it is', FILE.toString()),
    no('key_hsm_white_space', 'BYOK-106', 'a line feed behind', `${encoded}\n`),
    no('key_hsm_mixed', 'BYOK-106', 'both alphabets', `-${standard.slice(1, -1)}+`),
    no('key_hsm_padding', 'BYOK-106', 'three characters of padding', `${encoded}===`),
    no('key_hsm_of_blob', 'BYOK-114', 'the bare blob without its file', hsm(BLOB)),
    no('key_hsm_twice_encoded', 'BYOK-114', 'base64 of base64', hsm(Buffer.from(encoded))),
    no('kid_without_version', 'BYOK-114', 'a kid without version', hsm(file(`${VAULT}/keys/import-kek`))),
    no('kid_http', 'BYOK-114', 'a kid with another scheme', hsm(file(url(KEK).replace('https', 'http')))),
    no('file_duplicate_member', 'BYOK-114', 'a member twice', hsm(Buffer.from(FILE.toString().replace('{', '{"generator":"",')))),
    no('file_other_schema', 'BYOK-114', 'another schema version', hsm(Buffer.from(FILE.toString().replace('1.0.0', '1.0')))),
    no('file_cut_off', 'BYOK-114', 'the last half is missing', hsm(FILE.subarray(0, FILE.length / 2))),
  ]
}
