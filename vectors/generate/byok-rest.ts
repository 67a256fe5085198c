/**
 * Vectors for the messages to and from a vault: REST requests and answers, and what they mean.
 * @module
 */
import { answers } from './byok-rest-answers.js'
import { badImports, imports, rsaImport, transfers } from './byok-rest-imports.js'
import { anything, object, oneOf, orNull, text, vectorFile, whole, type Document, type Test } from './file.js'
import { call, heard, KEY, refused, type Http } from './rest-messages.js'

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
