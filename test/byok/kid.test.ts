import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AZURE_HOSTS, formatKid, isManagedHsm, parseKid, parseVault, sameKid, sameVault, vaultService } from '../../src/byok/kid.js'
import { KID, KID_PARTS } from './honest.js'

const kid = suite('byok: kid')
const version = KID_PARTS.version

const taken: readonly (readonly [title: string, text: string, vault: string])[] = [
  ['as a vault writes it', KID, KID_PARTS.vault],
  ['host in upper case', `https://CONTOSO.Vault.Azure.NET/keys/kek-2026/${version}`, KID_PARTS.vault],
  ['scheme in upper case', `HTTPS://contoso.vault.azure.net/keys/kek-2026/${version}`, KID_PARTS.vault],
  ['default port', `https://contoso.vault.azure.net:443/keys/kek-2026/${version}`, KID_PARTS.vault],
  ['another port', `https://kv1.vault.localhost:8443/keys/kek-2026/${version}`, 'https://kv1.vault.localhost:8443'],
  ['a custom domain', `https://keys.example.com/keys/kek-2026/${version}`, 'https://keys.example.com'],
  ['a host of one label', `https://localhost:8443/keys/kek-2026/${version}`, 'https://localhost:8443'],
]
for (const [title, text, vault] of taken)
  kid(`BYOK-10 taken and normalised: ${title}`, () => {
    assert.equal(parseKid(text), { ok: true, value: { ...KID_PARTS, vault } })
    // What a URL parser makes of it is the same origin.
    assert.is(new URL(text).origin, vault)
  })

const refused: readonly (readonly [title: string, text: string, code: string])[] = [
  ['BYOK-38 no version', 'https://contoso.vault.azure.net/keys/kek-2026', 'kid_version_missing'],
  ['BYOK-38 an empty version', 'https://contoso.vault.azure.net/keys/kek-2026/', 'kid_version_missing'],
  ['BYOK-38 31 digits', `https://contoso.vault.azure.net/keys/kek-2026/${version.slice(1)}`, 'kid_version_invalid'],
  ['BYOK-38 33 digits', `https://contoso.vault.azure.net/keys/kek-2026/${version}0`, 'kid_version_invalid'],
  ['BYOK-38 upper-case digits', `https://contoso.vault.azure.net/keys/kek-2026/${version.toUpperCase()}`, 'kid_version_invalid'],
  ['BYOK-38 a letter that is no digit', `https://contoso.vault.azure.net/keys/kek-2026/${version.slice(1)}g`, 'kid_version_invalid'],
  ['BYOK-38 something behind the version', `${KID}/more`, 'kid_path_wrong'],
  ['BYOK-38 a slash behind the version', `${KID}/`, 'kid_path_wrong'],
  ['BYOK-38 another collection', `https://contoso.vault.azure.net/secrets/kek-2026/${version}`, 'kid_path_wrong'],
  ['BYOK-38 the collection in upper case', `https://contoso.vault.azure.net/Keys/kek-2026/${version}`, 'kid_path_wrong'],
  ['BYOK-38 an empty path segment', `https://contoso.vault.azure.net//keys/kek-2026/${version}`, 'kid_path_wrong'],
  ['BYOK-38 no path', 'https://contoso.vault.azure.net', 'kid_path_wrong'],
  ['BYOK-111 an empty name', `https://contoso.vault.azure.net/keys//${version}`, 'kid_name_invalid'],
  ['BYOK-111 a dot in the name', `https://contoso.vault.azure.net/keys/kek.1/${version}`, 'kid_name_invalid'],
  ['BYOK-111 a percent sign in the name', `https://contoso.vault.azure.net/keys/ke%6b/${version}`, 'kid_name_invalid'],
  ['BYOK-111 a name of 128 characters', `https://contoso.vault.azure.net/keys/${'k'.repeat(128)}/${version}`, 'kid_name_invalid'],
  ['BYOK-10 http', KID.replace('https', 'http'), 'kid_not_https'],
  ['BYOK-10 user information', KID.replace('//', '//user:password@'), 'kid_userinfo'],
  ['BYOK-10 a vault as user information', KID.replace('//contoso.vault.azure.net', '//contoso.vault.azure.net@evil.example'), 'kid_userinfo'],
  ['BYOK-10 a query', `${KID}?api-version=7.6`, 'kid_query'],
  ['BYOK-10 an empty query', `${KID}?`, 'kid_query'],
  ['BYOK-10 a fragment', `${KID}#top`, 'kid_fragment'],
  ['BYOK-10 a host that ends in a dot', KID.replace('.net', '.net.'), 'kid_host_trailing_dot'],
  ['BYOK-10 no host', KID.replace('contoso.vault.azure.net', ''), 'kid_host_invalid'],
  ['BYOK-10 an empty label', KID.replace('contoso.', 'contoso..'), 'kid_host_invalid'],
  ['BYOK-10 an underscore in the host', KID.replace('contoso', 'con_toso'), 'kid_host_invalid'],
  ['BYOK-10 a percent sign in the host', KID.replace('contoso', 'contos%6f'), 'kid_host_invalid'],
  ['BYOK-10 a backslash behind the host', KID.replace('.net/', '.net\\'), 'kid_host_invalid'],
  ['BYOK-10 an IPv6 address', KID.replace('contoso.vault.azure.net', '[::1]'), 'kid_host_invalid'],
  ['BYOK-10 port 0', KID.replace('.net', '.net:0'), 'kid_port_invalid'],
  ['BYOK-10 port 65536', KID.replace('.net', '.net:65536'), 'kid_port_invalid'],
  ['BYOK-10 a port with a leading zero', KID.replace('.net', '.net:0443'), 'kid_port_invalid'],
  ['BYOK-10 an empty port', KID.replace('.net', '.net:'), 'kid_port_invalid'],
  ['BYOK-38 an empty text', '', 'kid_not_url'],
  ['BYOK-38 a name alone', 'kek-2026', 'kid_not_url'],
  ['BYOK-38 white space in front', ` ${KID}`, 'kid_not_url'],
  ['BYOK-38 a line feed behind', `${KID}\n`, 'kid_not_url'],
  ['BYOK-38 a tab inside, which URL parsers drop', KID.replace('azure', 'az\ture'), 'kid_not_url'],
  ['BYOK-38 a letter that looks like another', KID.replace('contoso', 'cоntoso'), 'kid_not_url'],
  ['BYOK-38 longer than any', `https://${'a'.repeat(600)}.net/keys/k/${version}`, 'kid_not_url'],
]
for (const [title, text, code] of refused)
  kid(`${title}: refused`, () => {
    const read = parseKid(text)
    assert.is(read.ok ? 'accepted' : read.fault.code, code)
    assert.is(read.ok ? '' : read.fault.requirement, /^BYOK-\d+/.exec(title)![0])
  })

kid('a password in a kid is not repeated in the fault', () => {
  const read = parseKid(KID.replace('//', '//user:hunter2@'))
  assert.not.match(JSON.stringify(read), 'hunter2')
})

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/)
const kids = fc.record(
  {
    vault: fc
      .tuple(fc.array(label, { minLength: 1, maxLength: 4 }), fc.option(fc.integer({ min: 1, max: 65535 })))
      .map(([labels, port]) => `https://${labels.join('.')}${port === null || port === 443 ? '' : `:${port}`}`),
    name: fc.stringMatching(/^[0-9a-zA-Z-]{1,127}$/),
    version: fc.stringMatching(/^[0-9a-f]{32}$/),
  },
  { noNullPrototype: true },
)

kid('reading undoes writing', async () => {
  await fc.assert(
    fc.property(kids, (value) => {
      assert.equal(parseKid(formatKid(value)), { ok: true, value })
      assert.ok(sameKid(value, value))
    }),
  )
})

kid('a kid has one normal spelling, whatever was read', async () => {
  const odd = fc.tuple(kids, fc.constantFrom('', ':443', '/', '.', '?', '#', '@', '%2e', '\\', ' ', 'A'), fc.nat({ max: 120 }))
  await fc.assert(
    fc.property(odd, ([value, piece, at]) => {
      const text = formatKid(value)
      const read = parseKid(text.slice(0, at) + piece + text.slice(at))
      if (read.ok) assert.equal(parseKid(formatKid(read.value)), read)
    }),
    { numRuns: 2000 },
  )
})

kid('no text makes the reader throw', async () => {
  await fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseKid(text)))
})

kid('BYOK-36 vaults are compared by normalised origin', () => {
  assert.ok(sameVault(KID_PARTS, 'https://CONTOSO.vault.azure.net:443/'))
  assert.ok(sameVault({ ...KID_PARTS, vault: 'https://Contoso.vault.azure.net' }, KID_PARTS))
  for (const other of [
    'https://contoso2.vault.azure.net',
    'https://contoso.vault.azure.net:8443',
    'https://contoso.vault.azure.net.evil.example',
    'https://contoso.vault.azure.net.',
    'http://contoso.vault.azure.net',
    'https://contoso.managedhsm.azure.net',
    'https://contoso.vault.azure.net/keys',
    'contoso.vault.azure.net',
    '',
  ])
    assert.not(sameVault(KID_PARTS, other), other)
  assert.not(sameVault('nothing', 'nothing'), 'what is no vault is the same as none, itself included')
  assert.not(sameKid(KID_PARTS, { ...KID_PARTS, version: 'f'.repeat(32) }))
  assert.not(sameKid(KID_PARTS, { ...KID_PARTS, name: 'kek-2025' }))
})

kid('BYOK-10 the address of a vault alone', () => {
  assert.equal(parseVault('https://Contoso.vault.azure.net/'), { ok: true, value: KID_PARTS.vault })
  const withPath = parseVault(KID)
  assert.is(withPath.ok ? 'accepted' : withPath.fault.code, 'kid_path_wrong')
})

kid('BYOK-68 Managed HSM is told by the end of the host', () => {
  for (const suffix of AZURE_HOSTS.managedHsm) assert.ok(isManagedHsm(`https://contoso.${suffix}`), suffix)
  for (const suffix of AZURE_HOSTS.keyVault) assert.is(vaultService(`https://contoso.${suffix}`), 'keyVault', suffix)
  for (const host of ['managedhsm.azure.net', 'contosomanagedhsm.azure.net', 'contoso.managedhsm.azure.net.evil.example', 'keys.example.com'])
    assert.is(vaultService(`https://${host}`), 'unknown', host)
  assert.is(vaultService('no vault at all'), 'unknown')
  assert.ok(isManagedHsm({ ...KID_PARTS, vault: 'https://hsm1.managedhsm.azure.net:8443' }))
})

kid('BYOK-68 an emulator says by its own table what it is', () => {
  const hosts = { keyVault: ['vault.localhost'], managedHsm: ['hsm.localhost'] }
  assert.is(vaultService('https://a.hsm.localhost:8443', hosts), 'managedHsm')
  assert.is(vaultService('https://a.vault.localhost:8443', hosts), 'keyVault')
  assert.is(vaultService('https://a.managedhsm.azure.net', hosts), 'unknown')
})

kid('a caller who gives no text is told at once', () => {
  assert.throws(() => parseKid(undefined as any), TypeError)
})

kid.run()
