/**
 * Key identifiers: `https://{vault}/keys/{name}/{version}`, read as text and compared as values. Nothing here ever follows one.
 *
 * The reader is stricter than a URL parser. A URL parser repairs what it is given (backslashes, tabs, percent signs, odd number
 * forms of addresses), and every repair is a second spelling of one vault, which is what somebody wants who sends a blob elsewhere.
 * What is normalised: case of scheme and host, and the default port. A final dot of the host is refused rather than dropped: no vault
 * writes it, and with it the certificate check and the comparison of origins would judge two different names.
 *
 * Requirements: BYOK-36, BYOK-38, BYOK-68, BYOK-83, BYOK-111.
 * @module
 */
import type { Kid } from '../enclave/commands.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import { byokFault, type ByokFault } from './faults.js'
import { shown } from './display.js'

/** What may be wrong with a key identifier, or with the address of a vault. */
export type KidFault = ByokFault<
  | 'kid_not_url'
  | 'kid_not_https'
  | 'kid_userinfo'
  | 'kid_host_invalid'
  | 'kid_host_trailing_dot'
  | 'kid_port_invalid'
  | 'kid_query'
  | 'kid_fragment'
  | 'kid_path_wrong'
  | 'kid_name_invalid'
  | 'kid_version_missing'
  | 'kid_version_invalid'
>

/**
 * Reads the identifier of one version of a key.
 *
 * @example
 * parseKid('https://Contoso.vault.azure.net:443/keys/kek/0123456789abcdef0123456789abcdef')
 * // { ok: true, value: { vault: 'https://contoso.vault.azure.net', name: 'kek', version: '0123456789abcdef0123456789abcdef' } }
 */
export function parseKid(text: string): Verdict<Kid, KidFault> {
  const parts = splitUrl(text)
  if (!parts.ok) return parts
  const { vault, path } = parts.value

  const [root, keys, name, version, ...rest] = path.split('/')
  if (root !== '' || keys !== 'keys' || name === undefined || rest.length > 0) return refuse(byokFault('kid_path_wrong', { found: shown(path) }))
  if (!isKeyName(name)) return refuse(byokFault('kid_name_invalid', { found: shown(name) }))
  // Never "the latest one": the blob was made for one version, and another one cannot open it.
  if (version === undefined || version === '') return refuse(byokFault('kid_version_missing', { found: shown(text) }))
  if (!isKeyVersion(version)) return refuse(byokFault('kid_version_invalid', { found: shown(version) }))
  return accept({ vault, name, version })
}

/** The address of a vault as a normalised origin, for example `https://contoso.vault.azure.net`. A single `/` behind it is accepted. */
export function parseVault(text: string): Verdict<string, KidFault> {
  const parts = splitUrl(text)
  if (!parts.ok) return parts
  const { vault, path } = parts.value
  return path === '' || path === '/' ? accept(vault) : refuse(byokFault('kid_path_wrong', { found: shown(path), wanted: 'https://{vault}' }))
}

/** The identifier as text. */
export const formatKid = (kid: Kid): string => `${kid.vault}/keys/${kid.name}/${kid.version}`

/** Whether two keys, or a key and a vault's address, belong to one vault. What is no vault's address belongs to none. */
export function sameVault(a: Kid | string, b: Kid | string): boolean {
  const [left, right] = [a, b].map((side) => parseVault(typeof side === 'string' ? side : side.vault)) as [Verdict<string>, Verdict<string>]
  return left.ok && right.ok && left.value === right.value
}

/** Whether two identifiers name the same version of the same key. */
export const sameKid = (a: Kid, b: Kid): boolean => sameVault(a, b) && a.name === b.name && a.version === b.version

/** Whether the text may be the name of a key: letters, digits and hyphens, 1 to 127 of them. */
export const isKeyName = (text: string): boolean => /^[0-9a-zA-Z-]{1,127}$/.test(text)

/** Whether the text may be a version: 32 lower-case hex digits. */
export const isKeyVersion = (text: string): boolean => /^[0-9a-f]{32}$/.test(text)

/** Which services are known by the end of a host's name. */
export interface VaultHosts {
  /** Key Vault: takes RSA and EC keys. */
  readonly keyVault: readonly string[]
  /** Managed HSM: takes octet keys as well. */
  readonly managedHsm: readonly string[]
}

/** The suffixes of Azure's public cloud and of its sovereign clouds. */
export const AZURE_HOSTS: VaultHosts = {
  keyVault: ['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net', 'vault.microsoftazure.de'],
  managedHsm: ['managedhsm.azure.net', 'managedhsm.azure.cn', 'managedhsm.usgovcloudapi.net', 'managedhsm.microsoftazure.de'],
}

/**
 * Which service answers at the address of a vault.
 *
 * Reading: a host that is not in the table (a custom domain, an emulator) is `unknown`, and what only Managed HSM may do is then not done.
 * A program that knows its hosts better hands in its own table.
 */
export function vaultService(vault: Kid | string, hosts: VaultHosts = AZURE_HOSTS): 'keyVault' | 'managedHsm' | 'unknown' {
  const origin = parseVault(typeof vault === 'string' ? vault : vault.vault)
  if (!origin.ok) return 'unknown'
  const host = origin.value.slice('https://'.length).replace(/:[0-9]+$/, '')
  // The dot keeps `evilmanagedhsm.azure.net` out.
  const under = (suffixes: readonly string[]) => suffixes.some((suffix) => host.endsWith(`.${suffix}`))
  return under(hosts.managedHsm) ? 'managedHsm' : under(hosts.keyVault) ? 'keyVault' : 'unknown'
}

/** Whether the key, or the vault, is in a Managed HSM; see {@link vaultService}. */
export const isManagedHsm = (vault: Kid | string, hosts: VaultHosts = AZURE_HOSTS): boolean => vaultService(vault, hosts) === 'managedHsm'

function splitUrl(text: string): Verdict<{ readonly vault: string; readonly path: string }, KidFault> {
  if (typeof text !== 'string') throw new TypeError('kid: text is wanted')
  const url = URL_PARTS.exec(text)
  if (!url || text.length > LONGEST_URL) return refuse(byokFault('kid_not_url', { found: shown(text) }))
  const { scheme = '', authority = '', path = '', query, fragment } = url.groups!

  if (scheme.toLowerCase() !== 'https') return refuse(byokFault('kid_not_https', { found: scheme }))
  // What stands in front of the `@` may be a password; it is not repeated.
  if (authority.includes('@')) return refuse(byokFault('kid_userinfo'))
  if (query !== undefined) return refuse(byokFault('kid_query', { found: shown(query) }))
  if (fragment !== undefined) return refuse(byokFault('kid_fragment', { found: shown(fragment) }))

  const [host = '', port, ...rest] = authority.toLowerCase().split(':')
  if (host.endsWith('.')) return refuse(byokFault('kid_host_trailing_dot', { found: shown(host) }))
  if (rest.length > 0 || !isHostName(host)) return refuse(byokFault('kid_host_invalid', { found: shown(authority) }))
  if (port !== undefined && !isPort(port)) return refuse(byokFault('kid_port_invalid', { found: shown(port) }))
  return accept({ vault: `https://${host}${port === undefined || port === '443' ? '' : `:${port}`}`, path })
}

const isHostName = (host: string) => host.length <= 253 && host.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
const isPort = (port: string) => /^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65535

// Visible ASCII only: anything else would have to be encoded, and then there are two spellings.
const URL_PARTS = /^(?=[!-~]*$)(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):\/\/(?<authority>[^/?#]*)(?<path>[^?#]*)(?<query>\?[^#]*)?(?<fragment>#.*)?$/
const LONGEST_URL = 512
