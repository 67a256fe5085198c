/**
 * Vectors for key identifiers, for what makes a key a KEK, and for fingerprints.
 * @module
 */
import { anything, flag, hexOf, listOf, object, orNull, publicPart, text, vectorFile, whole, type Document, type Test } from './file.js'
import { sha256, toInteger } from './bytes.js'
import {
  base64url,
  CURVES,
  ecKey,
  ecSpki,
  fingerprint,
  LARGEST_E,
  rsaKey,
  rsaSpki,
  rsaWithExponent,
  shownEc,
  shownRsa,
  versionOf,
  type ShownPublic,
} from './keys.js'

const VERSION = versionOf('kek')
const HOST = 'contoso.vault.azure.net'
const KID = `https://${HOST}/keys/import-kek/${VERSION}`

export const kid = (): readonly Document[] =>
  vectorFile(
    {
      path: 'byok/kid',
      title: 'Key identifiers: the URL of one version of one key in one vault',
      about: [
        'A kid is compared, never followed. "vault" is the normalised origin: scheme and host in lower case, default port dropped. Nothing else is repaired: a second spelling of a vault is what an attacker looks for.',
      ],
      flags: { Normalised: 'Another spelling of the same identifier.', Version: 'The version.', Origin: 'Scheme, host or port.', Path: 'The path.' },
      members: {
        kid: text('The identifier.'),
        vault: text('The origin of the vault.'),
        name: text('The name of the key.'),
        version: text('The version of the key.'),
      },
      always: ['kid'],
      outputs: ['vault', 'name', 'version'],
    },
    [...kidValid(), ...kidInvalid()],
  )

function kidValid(): Test[] {
  const good = (
    id: string,
    comment: string,
    value: string,
    parts: { vault?: string; name?: string; version?: string } = {},
    flags?: string[],
    requirement = 'BYOK-38',
  ): Test => ({
    id,
    requirement,
    comment,
    ...(flags ? { flags } : {}),
    kid: value,
    result: 'valid',
    vault: parts.vault ?? `https://${HOST}`,
    name: parts.name ?? 'import-kek',
    version: parts.version ?? VERSION,
  })
  const longest = `K${'e'.repeat(125)}1`
  return [
    good('key_vault', 'a key in a vault', KID),
    good('managed_hsm', 'a key in a Managed HSM', `https://contoso.managedhsm.azure.net/keys/import-kek/${VERSION}`, {
      vault: 'https://contoso.managedhsm.azure.net',
    }),
    good('host_upper_case', 'hosts have no case', `https://Contoso.Vault.Azure.NET/keys/import-kek/${VERSION}`, {}, ['Normalised'], 'BYOK-10'),
    good('scheme_upper_case', 'schemes have no case', `HTTPS://${HOST}/keys/import-kek/${VERSION}`, {}, ['Normalised'], 'BYOK-10'),
    good('default_port', 'the default port is no part of an origin', `https://${HOST}:443/keys/import-kek/${VERSION}`, {}, ['Normalised'], 'BYOK-10'),
    good(
      'other_port',
      'another port is another origin',
      `https://kv1.vault.localhost:8443/keys/import-kek/${VERSION}`,
      { vault: 'https://kv1.vault.localhost:8443' },
      undefined,
      'BYOK-10',
    ),
    good('name_of_one_character', 'the shortest name', `https://${HOST}/keys/k/${VERSION}`, { name: 'k' }, undefined, 'BYOK-111'),
    good('name_of_127_characters', 'the longest name', `https://${HOST}/keys/${longest}/${VERSION}`, { name: longest }, undefined, 'BYOK-111'),
    good('name_with_case', 'names keep their case', `https://${HOST}/keys/KEK-2/${VERSION}`, { name: 'KEK-2' }, undefined, 'BYOK-111'),
    good('version_of_digits', 'a version without letters', `https://${HOST}/keys/import-kek/${'0'.repeat(32)}`, { version: '0'.repeat(32) }),
    good('sovereign_cloud', 'another cloud', `https://contoso.vault.azure.cn/keys/import-kek/${VERSION}`, { vault: 'https://contoso.vault.azure.cn' }),
    good('punycode', 'a host in its ASCII form', `https://xn--bcher-kva.vault.azure.net/keys/import-kek/${VERSION}`, {
      vault: 'https://xn--bcher-kva.vault.azure.net',
    }),
  ]
}

function kidInvalid(): Test[] {
  const no = (id: string, requirement: string, comment: string, flag_: string, value: string, expect: string): Test => ({
    id,
    requirement,
    comment,
    flags: [flag_],
    kid: value,
    result: 'invalid',
    expect,
  })
  const version = (id: string, comment: string, value: string, expect = 'kid_version_invalid') =>
    no(`version_${id}`, 'BYOK-38', comment, 'Version', `https://${HOST}/keys/import-kek${value}`, expect)
  const origin = (id: string, comment: string, value: string, expect: string) =>
    no(id, 'BYOK-10', comment, 'Origin', `${value}/keys/import-kek/${VERSION}`, expect)
  const path = (id: string, comment: string, value: string, expect: string, requirement = 'BYOK-38') =>
    no(id, requirement, comment, 'Path', `https://${HOST}${value}`, expect)
  return [
    version('missing', 'never taken as "the newest"', '', 'kid_version_missing'),
    version('empty', 'a slash and nothing behind it', '/', 'kid_version_missing'),
    version('upper_case', 'versions have lower case', `/${VERSION.toUpperCase()}`),
    version('31_digits', 'a digit is missing', `/${VERSION.slice(1)}`),
    version('33_digits', 'a digit too many', `/${VERSION}0`),
    version('not_hexadecimal', 'a letter that is no digit', `/${VERSION.slice(1)}g`),
    version('latest', 'a word', '/latest'),
    origin('scheme_http', 'not encrypted', `http://${HOST}`, 'kid_not_https'),
    origin('scheme_other', 'another scheme', `ftp://${HOST}`, 'kid_not_https'),
    origin('scheme_missing', 'no scheme', HOST, 'kid_not_url'),
    origin('scheme_relative', 'whatever scheme the reader has', `//${HOST}`, 'kid_not_url'),
    origin('userinfo', 'what stands before the @ is not the host', `https://${HOST}@evil.example`, 'kid_userinfo'),
    origin('userinfo_password', 'a password', `https://user:word@${HOST}`, 'kid_userinfo'),
    origin('trailing_dot', 'the same host by DNS, another name by certificate', `https://${HOST}.`, 'kid_host_trailing_dot'),
    origin('host_empty', 'no host', 'https://', 'kid_host_invalid'),
    origin('host_empty_label', 'two dots', 'https://contoso..vault.azure.net', 'kid_host_invalid'),
    origin('host_underscore', 'not a host name', 'https://con_toso.vault.azure.net', 'kid_host_invalid'),
    origin('host_label_too_long', '64 letters in one label', `https://${'a'.repeat(64)}.vault.azure.net`, 'kid_host_invalid'),
    origin('host_label_ends_in_hyphen', 'not a host name', 'https://contoso-.vault.azure.net', 'kid_host_invalid'),
    origin('host_percent', 'a percent sign would be a second spelling', 'https://contoso%2evault.azure.net', 'kid_host_invalid'),
    origin('host_ipv6', 'an address', 'https://[::1]', 'kid_host_invalid'),
    origin('host_not_ascii', 'looks like contoso, with a Cyrillic letter', 'https://c\u043entoso.vault.azure.net', 'kid_not_url'),
    origin('port_zero', 'no port', `https://${HOST}:0`, 'kid_port_invalid'),
    origin('port_too_large', 'over 65535', `https://${HOST}:65536`, 'kid_port_invalid'),
    origin('port_empty', 'a colon and nothing behind it', `https://${HOST}:`, 'kid_port_invalid'),
    origin('port_leading_zero', 'a second spelling of 443', `https://${HOST}:0443`, 'kid_port_invalid'),
    origin('port_not_a_number', 'letters', `https://${HOST}:https`, 'kid_port_invalid'),
    origin('backslash', 'some readers take it for a slash', `https://evil.example\\@${HOST}`, 'kid_userinfo'),
    path('path_missing', 'only the vault', '', 'kid_path_wrong'),
    path('path_secrets', 'not a key', `/secrets/import-kek/${VERSION}`, 'kid_path_wrong'),
    path('path_upper_case', 'paths have case', `/Keys/import-kek/${VERSION}`, 'kid_path_wrong'),
    path('path_slash_behind', 'a slash behind the version', `/keys/import-kek/${VERSION}/`, 'kid_path_wrong'),
    path('path_segment_behind', 'more than a version', `/keys/import-kek/${VERSION}/attestation`, 'kid_path_wrong'),
    path('path_double_slash', 'an empty segment', `//keys/import-kek/${VERSION}`, 'kid_path_wrong', 'BYOK-10'),
    path('path_dots', 'a way up', `/keys/../keys/import-kek/${VERSION}`, 'kid_path_wrong', 'BYOK-10'),
    path('name_missing', 'an empty name', `/keys//${VERSION}`, 'kid_name_invalid', 'BYOK-111'),
    path('name_underscore', 'not a letter, digit or hyphen', `/keys/import_kek/${VERSION}`, 'kid_name_invalid', 'BYOK-111'),
    path('name_percent', 'a hyphen, percent-encoded', `/keys/import%2dkek/${VERSION}`, 'kid_name_invalid', 'BYOK-111'),
    path('name_too_long', '128 characters', `/keys/${'k'.repeat(128)}/${VERSION}`, 'kid_name_invalid', 'BYOK-111'),
    path('query', 'a query', `/keys/import-kek/${VERSION}?api-version=7.6`, 'kid_query', 'BYOK-10'),
    path('query_empty', 'a question mark and nothing behind it', `/keys/import-kek/${VERSION}?`, 'kid_query', 'BYOK-10'),
    path('fragment', 'a fragment', `/keys/import-kek/${VERSION}#1`, 'kid_fragment', 'BYOK-10'),
    path('line_feed_behind', 'a line feed, as a file leaves it', `/keys/import-kek/${VERSION}\n`, 'kid_not_url'),
    no('space_in_front', 'BYOK-38', 'a space', 'Path', ` ${KID}`, 'kid_not_url'),
    path('tab_inside', 'a tab, which URL parsers drop', `/keys/import-\tkek/${VERSION}`, 'kid_not_url'),
    no('empty', 'BYOK-38', 'no characters', 'Path', '', 'kid_not_url'),
    no('only_version', 'BYOK-83', 'only the last segment', 'Path', VERSION, 'kid_not_url'),
  ]
}

interface Kek {
  readonly key: { readonly kty: string; readonly n: string; readonly e: string; readonly key_ops: readonly string[]; readonly kid: string }
  readonly state: {
    readonly enabled: boolean
    readonly exportable: boolean
    readonly nbf: number | null
    readonly exp: number | null
    readonly deleted: boolean
  }
  readonly vault: string
  readonly now: number
}

export const kek = (): readonly Document[] =>
  vectorFile(
    {
      path: 'byok/kek',
      title: 'Key exchange keys: rules K1 to K9',
      about: [
        '"key" is what a key bundle says about the KEK, "state" what its vault knows, "vault" the one that is asked to import at "now" (Unix seconds).',
        'A vault answers K4 to K8 like any other bad blob; the codes here are for whoever may know. "advice" says that a warning about services with smaller limits is due; it is never a refusal.',
      ],
      flags: {
        K1: 'Key type RSA-HSM.',
        K2: '2048, 3072 or 4096 bits.',
        K3: 'Operations exactly import.',
        K4: 'Same vault.',
        K5: 'Not exportable.',
        K6: 'The kid names a version.',
        K7: 'Enabled, and inside nbf and exp.',
        K8: 'Not deleted.',
        K9: 'Limits further down are advice.',
      },
      members: {
        key: object(
          {
            kty: { type: 'string' },
            n: { type: 'string' },
            e: { type: 'string' },
            key_ops: listOf({ type: 'string' }, 'Operations.'),
            kid: { type: 'string' },
          },
          'The key bundle.',
        ),
        state: object(
          {
            enabled: { type: 'boolean' },
            exportable: { type: 'boolean' },
            nbf: orNull({ type: 'integer' }),
            exp: orNull({ type: 'integer' }),
            deleted: { type: 'boolean' },
          },
          'What the vault knows.',
        ),
        vault: text('The vault that is asked.'),
        now: whole('The time, in Unix seconds.'),
        bits: whole('The size of the KEK.'),
        advice: flag('Whether a person should hear about smaller limits.'),
      },
      always: ['key', 'state', 'vault', 'now'],
      outputs: ['bits', 'advice'],
    },
    [...kekValid(), ...kekInvalid()],
  )

const NOW = 1_780_000_000
const honest = (bits: number): Kek => {
  const { n, e } = rsaKey(`kek-${bits}`)
  return {
    key: { kty: 'RSA-HSM', n: base64url(n), e: base64url(e), key_ops: ['import'], kid: KID },
    state: { enabled: true, exportable: false, nbf: null, exp: null, deleted: false },
    vault: `https://${HOST}`,
    now: NOW,
  }
}

function kekValid(): Test[] {
  const good = (id: string, requirement: string, comment: string, flag_: string, value: Kek, bits = 2048): Test => ({
    id,
    requirement,
    comment,
    flags: [flag_],
    ...value,
    result: 'valid',
    bits,
    advice: bits > 3072,
  })
  const base = honest(2048)
  const small = rsaWithExponent(3n)
  const large = rsaWithExponent(LARGEST_E)
  const sized = (n: bigint) => n.toString(2).length
  return [
    good('rsa_2048', 'BYOK-34', 'the smallest size', 'K2', honest(2048)),
    good('rsa_3072', 'BYOK-34', 'the size in between', 'K2', honest(3072), 3072),
    good('rsa_4096', 'BYOK-41', 'the largest size; some services take less', 'K9', honest(4096), 4096),
    good('exponent_3', 'BYOK-73', 'the smallest exponent', 'K1', { ...base, key: { ...base.key, n: base64url(small.n), e: 'Aw' } }, sized(small.n)),
    good(
      'exponent_64_bits',
      'BYOK-73',
      'the largest prime below 2^64',
      'K1',
      { ...base, key: { ...base.key, n: base64url(large.n), e: base64url(LARGEST_E) } },
      sized(large.n),
    ),
    good('vault_upper_case', 'BYOK-36', 'the vault is spelt in another case', 'K4', { ...base, vault: `https://${HOST.toUpperCase()}` }),
    good('vault_default_port', 'BYOK-36', 'the vault is spelt with its port', 'K4', { ...base, vault: `https://${HOST}:443/` }),
    good('at_not_before', 'BYOK-39', 'the first second', 'K7', { ...base, state: { ...base.state, nbf: NOW } }),
    good('before_expiry', 'BYOK-39', 'the last second', 'K7', { ...base, state: { ...base.state, exp: NOW + 1 } }),
    good('inside_window', 'BYOK-39', 'between both', 'K7', { ...base, state: { ...base.state, nbf: NOW - 60, exp: NOW + 60 } }),
  ]
}

function kekInvalid(): Test[] {
  const base = honest(2048)
  const no = (id: string, requirement: string, comment: string, flag_: string, value: Kek, expect: string): Test => ({
    id,
    requirement,
    comment,
    flags: [flag_],
    ...value,
    result: 'invalid',
    expect,
  })
  const key = (id: string, requirement: string, comment: string, flag_: string, change: Partial<Kek['key']>, expect: string) =>
    no(id, requirement, comment, flag_, { ...base, key: { ...base.key, ...change } }, expect)
  const state = (id: string, requirement: string, comment: string, flag_: string, change: Partial<Kek['state']>, expect: string) =>
    no(id, requirement, comment, flag_, { ...base, state: { ...base.state, ...change } }, expect)
  const size = (name: string) => base64url(rsaKey(name).n)
  const { n } = rsaKey('kek-2048')
  return [
    key('kty_rsa', 'BYOK-33', 'a software key', 'K1', { kty: 'RSA' }, 'kek_kty_wrong'),
    key('kty_ec_hsm', 'BYOK-33', 'another type', 'K1', { kty: 'EC-HSM' }, 'kek_kty_wrong'),
    key('kty_oct_hsm', 'BYOK-33', 'another type', 'K1', { kty: 'oct-HSM' }, 'kek_kty_wrong'),
    key('kty_empty', 'BYOK-33', 'no type', 'K1', { kty: '' }, 'kek_kty_wrong'),
    key('size_1024', 'BYOK-34', 'too small', 'K2', { n: size('rsa-1024') }, 'kek_size_not_allowed'),
    key('size_2047', 'BYOK-34', 'one bit short', 'K2', { n: size('rsa-2047') }, 'kek_size_not_allowed'),
    key('size_2056', 'BYOK-34', 'not on the list', 'K2', { n: size('rsa-2056') }, 'kek_size_not_allowed'),
    key('modulus_even', 'BYOK-34', 'an even number', 'K2', { n: base64url(n - 1n) }, 'kek_modulus_invalid'),
    key(
      'modulus_leading_zero',
      'BYOK-34',
      'a zero byte in front: another name for the key',
      'K2',
      { n: Buffer.concat([Buffer.of(0), Buffer.from(base.key.n, 'base64url')]).toString('base64url') },
      'kek_modulus_invalid',
    ),
    key('modulus_padded', 'BYOK-34', 'base64 with padding', 'K2', { n: Buffer.from(base.key.n, 'base64url').toString('base64') }, 'kek_modulus_invalid'),
    key('modulus_empty', 'BYOK-34', 'no modulus', 'K2', { n: '' }, 'kek_modulus_invalid'),
    key('exponent_one', 'BYOK-73', 'encrypts to itself: C1 would hold the ephemeral key in clear', 'K1', { e: 'AQ' }, 'kek_exponent_invalid'),
    key('exponent_even', 'BYOK-73', '65536', 'K1', { e: 'AQAA' }, 'kek_exponent_invalid'),
    key('exponent_65_bits', 'BYOK-73', '2^64 + 13', 'K1', { e: base64url((1n << 64n) + 13n) }, 'kek_exponent_invalid'),
    key('exponent_leading_zero', 'BYOK-73', 'a zero byte in front', 'K1', { e: 'AAEAAQ' }, 'kek_exponent_invalid'),
    key('exponent_empty', 'BYOK-73', 'no exponent', 'K1', { e: '' }, 'kek_exponent_invalid'),
    key('operations_none', 'BYOK-35', 'no operation', 'K3', { key_ops: [] }, 'kek_operations_wrong'),
    key('operations_unwrap', 'BYOK-35', 'unwrapKey instead of import', 'K3', { key_ops: ['unwrapKey'] }, 'kek_operations_wrong'),
    key('operations_import_and_decrypt', 'BYOK-4', 'import and decrypt: an oracle for blobs', 'K3', { key_ops: ['import', 'decrypt'] }, 'kek_operations_wrong'),
    key('operations_wrap_and_import', 'BYOK-4', 'wrapKey and import', 'K3', { key_ops: ['wrapKey', 'import'] }, 'kek_operations_wrong'),
    key('operations_case', 'BYOK-35', 'Import', 'K3', { key_ops: ['Import'] }, 'kek_operations_wrong'),
    no('vault_other', 'BYOK-36', 'another vault', 'K4', { ...base, vault: 'https://fabrikam.vault.azure.net' }, 'kek_other_vault'),
    no('vault_longer', 'BYOK-36', 'a host that ends in the name', 'K4', { ...base, vault: `https://evil-${HOST}` }, 'kek_other_vault'),
    no('vault_suffixed', 'BYOK-36', 'a host that begins with the name', 'K4', { ...base, vault: `https://${HOST}.evil.example` }, 'kek_other_vault'),
    no('vault_other_port', 'BYOK-36', 'another port', 'K4', { ...base, vault: `https://${HOST}:8443` }, 'kek_other_vault'),
    no('vault_managed_hsm', 'BYOK-36', 'the same name in another service', 'K4', { ...base, vault: 'https://contoso.managedhsm.azure.net' }, 'kek_other_vault'),
    state('exportable', 'BYOK-37', 'the private half can leave', 'K5', { exportable: true }, 'kek_exportable'),
    key('kid_without_version', 'BYOK-38', 'no version', 'K6', { kid: `https://${HOST}/keys/import-kek` }, 'kid_version_missing'),
    key('kid_http', 'BYOK-10', 'another scheme', 'K6', { kid: KID.replace('https', 'http') }, 'kid_not_https'),
    state('disabled', 'BYOK-39', 'disabled', 'K7', { enabled: false }, 'kek_disabled'),
    state('not_yet', 'BYOK-39', 'one second too early', 'K7', { nbf: NOW + 1 }, 'kek_not_yet_valid'),
    state('expired', 'BYOK-39', 'in the second of its expiry', 'K7', { exp: NOW }, 'kek_expired'),
    state('expired_long_ago', 'BYOK-23', 'it was valid when the target was wrapped', 'K7', { exp: NOW - 86_400 }, 'kek_expired'),
    state('deleted', 'BYOK-40', 'deleted, and recoverable', 'K8', { deleted: true }, 'kek_deleted'),
  ]
}

export const fingerprints = (): readonly Document[] =>
  vectorFile(
    {
      path: 'byok/fingerprint',
      title: 'Fingerprints of public keys: SHA-256 of the SubjectPublicKeyInfo, and RFC 7638 thumbprints',
      about: [
        '"spkiSha256" is what a person compares before a wrap; "openssl pkey -pubin -in kek.pem -outform DER | openssl dgst -sha256" prints it.',
        '"thumbprints" gives the RFC 7638 value (SHA-256, base64url) for each "kty": one key has one value as RSA and another as RSA-HSM. The curve secp256k1 is spelt P-256K.',
      ],
      flags: { Rfc7638: 'The example of RFC 7638 section 3.1.' },
      members: {
        public: publicPart('The key.'),
        spki: hexOf('Its SubjectPublicKeyInfo.'),
        spkiSha256: hexOf('SHA-256 of it.'),
        thumbprints: anything('RFC 7638 thumbprints, by kty.'),
      },
      always: ['public'],
      outputs: ['spki', 'spkiSha256', 'thumbprints'],
    },
    fingerprintTests(),
  )

function fingerprintTests(): Test[] {
  const good = (id: string, requirement: string, comment: string, part: ShownPublic, spki: Buffer, flags?: string[]): Test => ({
    id,
    requirement,
    comment,
    ...(flags ? { flags } : {}),
    public: part,
    spki: spki.toString('hex'),
    spkiSha256: fingerprint(spki),
    thumbprints: Object.fromEntries([part.kty, `${part.kty}-HSM`].map((kty) => [kty, thumbprint({ ...part, kty })])),
    result: 'valid',
  })
  const rfc = {
    n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
  }
  const example = { n: toInteger(Buffer.from(rfc.n, 'base64url')), e: 65537n }
  if (thumbprint({ kty: 'RSA', ...rfc }) !== 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs') throw new Error('RFC 7638 section 3.1')
  return [
    good('rfc_7638_example', 'BYOK-46', 'from the RFC', shownRsa(example), rsaSpki(example), ['Rfc7638']),
    ...([2048, 3072, 4096] as const).map((bits) => good(`kek_${bits}`, 'BYOK-45', 'a KEK', shownRsa(rsaKey(`kek-${bits}`)), rsaSpki(rsaKey(`kek-${bits}`)))),
    good('exponent_3', 'BYOK-46', 'an exponent of one byte', shownRsa(rsaWithExponent(3n)), rsaSpki(rsaWithExponent(3n))),
    ...CURVES.map((curve) =>
      good(`ec_${curve.toLowerCase().replace('-', '')}`, 'BYOK-45', 'a target', shownEc(ecKey(curve, 'target')), ecSpki(ecKey(curve, 'target'))),
    ),
  ]
}

/** RFC 7638: the required members in the order of their names, without white space. */
function thumbprint(jwk: Readonly<Record<string, string>>): string {
  const members = Object.keys(jwk).sort()
  return sha256(Buffer.from(`{${members.map((name) => `"${name}":"${jwk[name]}"`).join(',')}}`)).toString('base64url')
}
