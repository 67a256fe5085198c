/**
 * Vectors for the messages to and from a vault: REST requests and answers, and what they mean.
 * @module
 */
import { blobOf } from './byok-file.js'
import { anything, object, oneOf, orNull, text, vectorFile, whole, type Document, type Test } from './file.js'
import { base64url, ecKey, rsaKey, shownEc, versionOf } from './keys.js'
import { octTarget } from './targets.js'

const VAULT = 'https://contoso.vault.azure.net'
const MANAGED_HSM = 'https://contoso.managedhsm.azure.net'
const KEK = { vault: VAULT, name: 'import-kek', version: versionOf('kek') }
const KEY = { vault: VAULT, name: 'imported', version: versionOf('imported') }
const url = (kid: typeof KEK) => `${kid.vault}/keys/${kid.name}/${kid.version}`
const BLOB = blobOf(octTarget(32))
const file = (kid = url(KEK)): Buffer =>
  Buffer.from(
    `${JSON.stringify({ schema_version: '1.0.0', header: { kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' }, ciphertext: BLOB.toString('base64url'), generator: 'Keyferry vectors' }, null, 2)}\n`,
  )
const FILE = file()
const TRANSFER = { kek: KEK, ciphertext: BLOB.toString('base64url') }
const RSA_OPERATIONS = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey']

export const rest = (): readonly Document[] =>
  vectorFile(
    {
      path: 'byok/rest',
      title: 'REST messages of a vault: create, get, import, update, delete, and their answers',
      about: [
        'A request is method, path with query, and body; "message" is what it says. "speaker" is who sends it: the client or the security officer.',
        'An answer is status and body; "message" is what it says to whoever sent "asked".',
        'For an import, "transfer" in the message is what the transfer file in key_hsm says, in the lenient reading. Where the file is bad it is null, "expect" is transfer_refused, and a vault answers status 400, code BadParameter, message "The key transfer blob is not valid." and nothing else, like for every other fault of the blob.',
        'An import is also judged by what its type may do ("key_ops") and by what "vault", the one that is asked, takes.',
      ],
      flags: {
        Create: 'Create a KEK.',
        Get: 'Get a key.',
        Import: 'Import a key.',
        Update: 'Change a key.',
        Delete: 'Delete a KEK.',
        Answer: 'An answer.',
        Client: 'As a known client writes it.',
        Uniform: 'Has to be answered like every other bad blob.',
      },
      members: {
        direction: oneOf(['request', 'answer'], 'Which way.'),
        speaker: oneOf(['client', 'officer'], 'Who sends the request.'),
        vault: text('The vault that is asked.'),
        asked: anything('The message that is answered.'),
        http: object(
          {
            'method?': { type: 'string' },
            'path?': { type: 'string' },
            'status?': whole('Status.'),
            'headers?': { type: 'object' },
            body: orNull({ type: 'string' }),
          },
          'The request or answer.',
        ),
        message: anything('What it says.'),
      },
      always: ['direction', 'http'],
      outputs: ['message'],
    },
    [...create(), ...get(), ...imports(), ...badImports(), ...transfers(), ...updates(), ...queries(), ...answers()],
  )

type Http = { method?: string; path?: string; status?: number; headers?: Record<string, string>; body: string | null }

const QUERY = '?api-version=7.6'
const call = (method: string, path: string, body: unknown, query = QUERY): Http => ({
  method,
  path: path + query,
  body: body === null || typeof body === 'string' ? body : JSON.stringify(body),
})

const heard = (id: string, requirement: string, comment: string, flags: string[], http: Http, message: object, speaker = 'client', vault?: string): Test => ({
  id,
  requirement,
  comment,
  flags,
  direction: 'request',
  speaker,
  ...(vault === undefined ? {} : { vault }),
  http,
  result: 'valid',
  message,
})

const refused = (id: string, requirement: string, comment: string, flags: string[], http: Http, expect: string, speaker = 'client', vault?: string): Test => ({
  id,
  requirement,
  comment,
  flags,
  direction: 'request',
  speaker,
  ...(vault === undefined ? {} : { vault }),
  http,
  result: 'invalid',
  expect,
})

function create(): Test[] {
  const body = { kty: 'RSA-HSM', key_size: 4096, key_ops: ['import'], attributes: { enabled: true } }
  const says = (change: object = {}) => ({
    type: 'client.createKek',
    request: '',
    name: 'import-kek',
    bits: 4096,
    operations: ['import'],
    expires: null,
    ...change,
  })
  const at = (value: unknown) => call('POST', '/keys/import-kek/create', value)
  const yes = (id: string, comment: string, value: unknown, message = says(), more: string[] = [], requirement = 'BYOK-100') =>
    heard(`create_${id}`, requirement, comment, ['Create', ...more], at(value), message)
  const no = (id: string, requirement: string, comment: string, value: unknown, expect: string) =>
    refused(`create_${id}`, requirement, comment, ['Create'], at(value), expect)
  const { kty: _kty, ...withoutKty } = body
  const { key_size: _size, ...withoutSize } = body
  const many = (count: number, length = 1) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, 'v'.repeat(length)]))
  return [
    yes('azure_cli', 'the body of a command line client', body, says(), ['Client']),
    yes('js_sdk', 'an SDK sends empty attributes', { ...body, attributes: {} }, says(), ['Client']),
    yes('size_2048', 'another size', { ...body, key_size: 2048 }, says({ bits: 2048 })),
    yes('expires', 'with exp', { ...body, attributes: { enabled: true, exp: 1_800_000_000 } }, says({ expires: 1_800_000_000 }), [], 'BYOK-112'),
    yes(
      'unknown_members',
      'members that the request does not know',
      { ...body, curve: 1, attributes: { enabled: true, created: 1, hsmPlatform: '2', x: {} } },
      says(),
      [],
      'BYOK-105',
    ),
    yes('fifteen_tags', 'as many tags as there may be', { ...body, tags: many(15, 256) }, says(), [], 'BYOK-112'),
    heard(
      'create_with_request_id',
      'BYOK-100',
      'the client names its request',
      ['Create'],
      { ...at(body), headers: { 'x-ms-client-request-id': 'a-1' } },
      says({ request: 'a-1' }),
    ),
    no('kty_software', 'BYOK-33', 'a software key', { ...body, kty: 'RSA' }, 'kek_kty_wrong'),
    no('kty_ec', 'BYOK-35', 'import is for RSA-HSM only', { ...body, kty: 'EC-HSM' }, 'kek_kty_wrong'),
    no('kty_missing', 'BYOK-100', 'no type', withoutKty, 'kek_kty_wrong'),
    no('size_missing', 'BYOK-100', 'no size', withoutSize, 'key_size_invalid'),
    no('size_text', 'BYOK-100', 'the size as text', { ...body, key_size: '4096' }, 'key_size_invalid'),
    no('operations_text', 'BYOK-110', 'text instead of a list', { ...body, key_ops: 'import' }, 'key_ops_invalid'),
    no('operation_unknown', 'BYOK-110', 'an unknown operation', { ...body, key_ops: ['derive'] }, 'key_ops_invalid'),
    no('operation_twice', 'BYOK-110', 'import, twice', { ...body, key_ops: ['import', 'import'] }, 'operation_twice'),
    no('exportable', 'BYOK-37', 'an exportable KEK', { ...body, attributes: { exportable: true } }, 'attributes_exportable'),
    no('release_policy', 'BYOK-37', 'a release policy', { ...body, release_policy: { data: 'e30' } }, 'release_policy_refused'),
    no('enabled_text', 'BYOK-112', '"true" is not true', { ...body, attributes: { enabled: 'true' } }, 'attributes_invalid'),
    no('exp_fraction', 'BYOK-112', 'half a second', { ...body, attributes: { exp: 1.5 } }, 'attributes_invalid'),
    no('attributes_array', 'BYOK-112', 'an array', { ...body, attributes: [] }, 'attributes_invalid'),
    no('window_empty', 'BYOK-112', 'expires before it is valid', { ...body, attributes: { nbf: 2, exp: 1 } }, 'attributes_window_empty'),
    no('sixteen_tags', 'BYOK-112', 'a tag too many', { ...body, tags: many(16) }, 'tags_too_many'),
    no('tag_too_long', 'BYOK-112', 'a value of 257 characters', { ...body, tags: many(1, 257) }, 'tags_too_long'),
    no('tag_number', 'BYOK-112', 'a number as value', { ...body, tags: { a: 1 } }, 'tags_invalid'),
    no('body_missing', 'BYOK-100', 'no body', null, 'body_missing'),
    no('body_not_json', 'BYOK-100', 'a form', 'kty=RSA-HSM&key_size=4096', 'body_not_json'),
    no('body_array', 'BYOK-100', 'an array', [body], 'body_not_json'),
    no(
      'body_member_twice',
      'BYOK-100',
      'key_ops twice: two readers see two requests',
      '{"kty":"RSA-HSM","key_size":2048,"key_ops":["import"],"key_ops":["import","decrypt"]}',
      'body_not_json',
    ),
    refused('create_name_underscore', 'BYOK-111', 'a name that no key has', ['Create'], call('POST', '/keys/import_kek/create', body), 'name_invalid'),
    refused('create_name_too_long', 'BYOK-111', '128 characters', ['Create'], call('POST', `/keys/${'k'.repeat(128)}/create`, body), 'name_invalid'),
  ]
}

function get(): Test[] {
  const yes = (id: string, comment: string, path: string, version: string | null, speaker = 'client', more: string[] = []) =>
    heard(
      `get_${id}`,
      'BYOK-101',
      comment,
      ['Get', ...more],
      call('GET', path, null),
      { type: `${speaker}.getKey`, request: '', name: 'imported', version },
      speaker,
    )
  const no = (id: string, requirement: string, comment: string, path: string, expect: string, speaker = 'client') =>
    refused(`get_${id}`, requirement, comment, ['Get'], call('GET', path, null), expect, speaker)
  return [
    yes('version', 'one version', `/keys/imported/${KEY.version}`, KEY.version),
    yes('newest', 'the newest version', '/keys/imported', null),
    yes('newest_slash', 'an empty version, as an SDK writes it', '/keys/imported/', null, 'client', ['Client']),
    yes('officer', 'the officer looks at one version', `/keys/imported/${KEY.version}`, KEY.version, 'officer'),
    no('version_upper_case', 'BYOK-111', 'versions have lower case', `/keys/imported/${KEY.version.toUpperCase()}`, 'version_invalid'),
    no('version_short', 'BYOK-111', '31 digits', `/keys/imported/${KEY.version.slice(1)}`, 'version_invalid'),
    no('officer_without_version', 'BYOK-111', 'the officer compares one version, never "the newest"', '/keys/imported', 'version_missing', 'officer'),
    no('name_empty', 'BYOK-111', 'no name', '/keys//', 'name_invalid'),
  ]
}

const hsm = (bytes: Buffer) => bytes.toString('base64url')
const rsaImport = (change: object = {}, key: object = {}) => ({
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

function imports(): Test[] {
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

function badImports(): Test[] {
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
function transfers(): Test[] {
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

function updates(): Test[] {
  const at = (body: unknown) => call('PATCH', `/keys/imported/${KEY.version}`, body)
  const yes = (enabled: boolean) =>
    heard(
      enabled ? 'update_enable' : 'update_disable',
      'BYOK-115',
      'the officer has compared',
      ['Update'],
      at({ attributes: { enabled } }),
      { type: 'officer.setEnabled', request: '', name: 'imported', version: KEY.version, enabled },
      'officer',
    )
  const no = (id: string, comment: string, body: unknown, expect = 'update_refused', requirement = 'BYOK-115') =>
    refused(`update_${id}`, requirement, comment, ['Update'], at(body), expect, 'officer')
  return [
    yes(true),
    yes(false),
    no('operations', 'operations never change', { key_ops: ['sign', 'decrypt'] }),
    no('operations_beside', 'operations never change, also beside enabled', { key_ops: ['import'], attributes: { enabled: true } }),
    no('expiry', 'nothing but enabled changes', { attributes: { enabled: true, exp: 1_900_000_000 } }),
    no('nothing', 'changes nothing', {}),
    no('enabled_text', '"true" is not true', { attributes: { enabled: 'true' } }, 'attributes_invalid', 'BYOK-112'),
    refused(
      'update_without_version',
      'BYOK-111',
      'one version is enabled, never "the newest"',
      ['Update'],
      call('PATCH', '/keys/imported', { attributes: { enabled: true } }),
      'version_missing',
      'officer',
    ),
    heard('delete_kek', 'BYOK-32', 'the campaign is over', ['Delete'], call('DELETE', '/keys/import-kek', null), {
      type: 'client.deleteKek',
      request: '',
      name: 'import-kek',
    }),
  ]
}

function queries(): Test[] {
  const says = { type: 'client.getKey', request: '', name: 'imported', version: null }
  const yes = (id: string, comment: string, query: string, more: string[] = []) =>
    heard(`query_${id}`, 'BYOK-101', comment, ['Get', ...more], call('GET', '/keys/imported', null, query), says)
  const no = (id: string, comment: string, http: Http, expect: string, speaker = 'client') =>
    refused(`query_${id}`, 'BYOK-101', comment, ['Get'], http, expect, speaker)
  const at = (query: string) => call('GET', '/keys/imported', null, query)
  return [
    yes('version_7_0', 'an old version', '?api-version=7.0'),
    yes('version_preview', 'what a command line client sends', '?api-version=7.4-preview.1', ['Client']),
    yes('version_2025', 'a later version', '?api-version=2025-07-01'),
    yes('name_encoded', 'an SDK encodes the name of the parameter', '?api%2Dversion=2025-07-01', ['Client']),
    yes('other_parameters', 'other parameters beside it', '?x=1&api-version=7.6&y'),
    no('version_missing', 'there is no default version', at(''), 'api_version_missing'),
    no('version_unknown', 'a version that does not exist', at('?api-version=9.9'), 'api_version_unknown'),
    no('version_twice', 'two versions', at('?api-version=7.6&api-version=7.0'), 'api_version_twice'),
    no('call_unknown', 'a call that the vault does not have', call('POST', '/keys/imported/release', {}), 'call_unknown'),
    no('method_unknown', 'a method that the path does not have', call('POST', '/keys/imported', {}), 'call_unknown'),
    no('path_secrets', 'not a key', call('GET', '/secrets/imported', null), 'call_unknown'),
    no('officer_imports', 'the officer does not import', call('PUT', '/keys/imported', rsaImport()), 'call_not_for_role', 'officer'),
  ]
}

function answers(): Test[] {
  const asked = { type: 'client.getKey', request: 'r1', name: 'imported', version: KEY.version }
  const rsa = rsaKey('rsa-2048')
  const [n, e] = [base64url(rsa.n), base64url(rsa.e)]
  const ec = shownEc(ecKey('P-256K', 'target')) as { kty: 'EC'; crv: string; x: string; y: string }
  const rsaBundle = { kid: url(KEY), kty: 'RSA-HSM', key_ops: ['sign', 'verify'], n, e }
  const ecBundle = { ...ec, kid: url(KEY), kty: 'EC-HSM', key_ops: ['sign', 'verify'] }
  const octBundle = { kid: url(KEY), kty: 'oct-HSM', key_ops: ['encrypt', 'decrypt'] }
  const attributes = {
    enabled: false,
    created: 1_780_000_000,
    updated: 1_780_000_000,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
    exportable: false,
    hsmPlatform: '2',
  }
  const ok = (key: object, more: object = { attributes }): Http => ({ status: 200, body: JSON.stringify({ key, ...more }) })
  const says = (key: object, change: object = {}) => ({
    type: 'vault.key',
    request: 'r1',
    kid: KEY,
    key,
    operations: ['sign', 'verify'],
    enabled: false,
    evidence: null,
    ...change,
  })
  const error = (status: number, body: unknown): Http => ({ status, body: typeof body === 'string' ? body : JSON.stringify(body) })
  const yes = (id: string, requirement: string, comment: string, http: Http, message: object, to: object = asked): Test => ({
    id: `answer_${id}`,
    requirement,
    comment,
    flags: ['Answer'],
    direction: 'answer',
    asked: to,
    http,
    result: 'valid',
    message,
  })
  const no = (id: string, requirement: string, comment: string, http: Http, expect: string): Test => ({
    id: `answer_${id}`,
    requirement,
    comment,
    flags: ['Answer'],
    direction: 'answer',
    asked,
    http,
    result: 'invalid',
    expect,
  })
  const secret = ['key_hsm', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'k'].map((name) =>
    no(`with_${name}`, 'BYOK-20', `${name} in an answer: the vault gives away what it must not`, ok({ ...rsaBundle, [name]: 'AQAB' }), 'answer_secret_member'),
  )
  const other = (change: Partial<typeof KEY>) => ok({ ...rsaBundle, kid: url({ ...KEY, ...change }) })
  const RSA = { kty: 'RSA', n, e }
  const evidence = 'eyJmb3JtIjoidGVzdCJ9'
  return [
    yes('rsa', 'BYOK-107', 'an RSA key', ok(rsaBundle), says(RSA)),
    yes('ec', 'BYOK-107', 'an EC key; the curve is spelt P-256K', ok(ecBundle), says({ kty: 'EC', crv: ec.crv, x: ec.x, y: ec.y })),
    yes('oct', 'BYOK-107', 'a symmetric key has no key members', ok(octBundle), says({ kty: 'oct' }, { operations: ['encrypt', 'decrypt'] })),
    yes('enabled', 'BYOK-107', 'an enabled key', ok(rsaBundle, { attributes: { ...attributes, enabled: true } }), says(RSA, { enabled: true })),
    yes(
      'evidence',
      'BYOK-101',
      'with what the HSM signed',
      ok(rsaBundle, { attributes: { ...attributes, attestation: { privateKeyAttestation: evidence } } }),
      says(RSA, { evidence }),
    ),
    yes('tags', 'BYOK-107', 'with tags', ok(rsaBundle, { attributes, tags: { a: 'b' } }), says(RSA)),
    yes('request_id', 'BYOK-107', 'the answer names the request', { ...ok(rsaBundle), headers: { 'X-Ms-Client-Request-Id': 'r1' } }, says(RSA)),
    yes(
      'transfer_refused',
      'BYOK-114',
      'the one answer to every bad blob',
      error(400, { error: { code: 'BadParameter', message: 'The key transfer blob is not valid.' } }),
      {
        type: 'vault.error',
        request: 'r1',
        status: 400,
        code: 'BadParameter',
        message: 'The key transfer blob is not valid.',
      },
    ),
    yes(
      'not_found',
      'BYOK-113',
      'an error with an inner error',
      error(404, { error: { code: 'KeyNotFound', message: 'No such key.', innererror: { code: 'X' } } }),
      { type: 'vault.error', request: 'r1', status: 404, code: 'KeyNotFound', message: 'No such key.' },
    ),
    no('not_json', 'BYOK-107', 'a page', error(200, '<html></html>'), 'answer_not_json'),
    no('error_without_object', 'BYOK-113', 'a status without an error object', error(500, {}), 'answer_error_malformed'),
    no('error_code_number', 'BYOK-113', 'a number as code', error(400, { error: { code: 400, message: '' } }), 'answer_error_malformed'),
    no('redirect', 'BYOK-107', 'somewhere else', error(302, {}), 'answer_status_unexpected'),
    no('other_name', 'BYOK-107', 'another key', other({ name: 'other' }), 'answer_other_key'),
    no('other_version', 'BYOK-107', 'another version', other({ version: versionOf('other') }), 'answer_other_key'),
    no('other_request', 'BYOK-107', 'an answer to another request', { ...ok(rsaBundle), headers: { 'x-ms-client-request-id': 'r2' } }, 'answer_other_request'),
    no('kid_without_version', 'BYOK-38', 'a kid without version', ok({ ...rsaBundle, kid: `${VAULT}/keys/imported` }), 'kid_version_missing'),
    no('key_missing', 'BYOK-107', 'no key', error(200, { attributes }), 'answer_member_invalid'),
    no('attributes_missing', 'BYOK-107', 'no attributes', ok(rsaBundle, {}), 'answer_member_invalid'),
    no('kty_software', 'BYOK-107', 'not an HSM key', ok({ ...rsaBundle, kty: 'RSA' }), 'answer_member_invalid'),
    no('modulus_missing', 'BYOK-107', 'no modulus', ok({ kid: url(KEY), kty: 'RSA-HSM', key_ops: ['sign'], e }), 'answer_member_invalid'),
    no('modulus_padded', 'BYOK-107', 'base64 with padding', ok({ ...rsaBundle, n: Buffer.from(n, 'base64url').toString('base64') }), 'answer_member_invalid'),
    no('exportable', 'BYOK-107', 'an exportable key', ok(rsaBundle, { attributes: { ...attributes, exportable: true } }), 'answer_member_invalid'),
    ...secret,
  ]
}
