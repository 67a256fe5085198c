/**
 * One well-formed sample of every word that a BYOK role may hear. All of it is made up; no bytes are real.
 * @module
 */
import type { EventObject } from 'xstate'
import type { KeyFacts, KeyHandle, Kid } from '../../../src/enclave/commands.js'

export const VAULT = 'https://contoso.vault.azure.net'
export const kekKid: Kid = { vault: VAULT, name: 'kek', version: '0'.repeat(31) + '1' }
export const keyKid: Kid = { vault: VAULT, name: 'payroll', version: '0'.repeat(31) + '2' }
export const handle = (name: string) => name as KeyHandle
export const target: KeyFacts = { kind: 'ec-P-256', key: { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' }, identity: 'spki-sha256:00', operations: ['sign'] }
export const fault = { code: 'transfer_refused', requirement: 'BYOK-50' }

/** A word that nobody knows. */
export const stranger: EventObject = { type: 'stranger' }

export const samples = {
  'app.timeout': { type: 'app.timeout' },
  'app.cancel': { type: 'app.cancel' },
  'client.createKek': { type: 'client.createKek', request: 'r1', name: 'kek', bits: 2048, operations: ['import'], expires: null },
  'client.getKey': { type: 'client.getKey', request: 'r2', name: 'kek', version: null },
  'client.importKey': {
    type: 'client.importKey',
    request: 'r3',
    name: 'payroll',
    kty: 'EC',
    crv: 'P-256',
    operations: ['sign'],
    enabled: true,
    transfer: { kek: kekKid, ciphertext: 'Y2lwaGVydGV4dA' },
  },
  'client.deleteKek': { type: 'client.deleteKek', request: 'r4', name: 'kek' },
  'client.kek': { type: 'client.kek', kid: kekKid, n: 'bg', e: 'AQAB', operations: ['import'], evidence: 'evidence', target: 'payroll' },
  'client.imported': { type: 'client.imported', kid: keyKid },
  'client.gaveUp': { type: 'client.gaveUp' },
  'tool.wrap': { type: 'tool.wrap', kid: kekKid, n: 'bg', e: 'AQAB', evidence: 'evidence', target: 'payroll' },
  'tool.file': { type: 'tool.file', file: 'ZmlsZQ', key: target.key },
  'tool.refused': { type: 'tool.refused', fault: { code: 'kek_rejected', requirement: 'BYOK-8' } },
  'sourceHsm.wrapped': { type: 'sourceHsm.wrapped', ciphertext: 'A'.repeat(544), key: target.key },
  'sourceHsm.refused': { type: 'sourceHsm.refused', fault: { code: 'kek_rejected', requirement: 'BYOK-8' } },
  'sourceHsm.kekOffered': {
    type: 'sourceHsm.kekOffered',
    kek: handle('k1'),
    kid: kekKid,
    bits: 2048,
    fingerprint: 'f1',
    attested: true,
    attestedVault: VAULT,
    target: 'payroll',
  },
  'sourceHsm.noted': { type: 'sourceHsm.noted', target },
  'sourceHsm.compared': { type: 'sourceHsm.compared', target: 'payroll', genuine: true, sameKey: true, kid: keyKid, operations: ['sign'] },
  'sourceHsm.stopped': { type: 'sourceHsm.stopped', fault },
  'officer.acceptKek': { type: 'officer.acceptKek', kek: handle('k1'), fingerprint: null },
  'officer.rejectKek': { type: 'officer.rejectKek' },
  'officer.compare': { type: 'officer.compare', target: 'payroll', evidence: 'evidence' },
  'officer.getKey': { type: 'officer.getKey', request: 'r5', name: 'payroll', version: keyKid.version },
  'officer.setEnabled': { type: 'officer.setEnabled', request: 'r6', name: 'payroll', version: keyKid.version, enabled: true },
  'officer.confirmed': { type: 'officer.confirmed', kid: keyKid },
  'officer.refused': { type: 'officer.refused', fault },
  'vault.key': { type: 'vault.key', request: 'r7', kid: keyKid, key: target.key, operations: ['sign'], enabled: false, evidence: 'evidence' },
  'vault.deleted': { type: 'vault.deleted', request: 'r8', name: 'kek' },
  'vault.error': { type: 'vault.error', request: 'r9', status: 400, code: 'BadParameter', message: 'no' },
  'vault.makeKek': { type: 'vault.makeKek', call: 1, name: 'kek', bits: 2048 },
  'vault.import': {
    type: 'vault.import',
    call: 2,
    kek: handle('k1'),
    ciphertext: 'Y2lwaGVydGV4dA',
    name: 'payroll',
    kty: 'EC',
    crv: 'P-256',
    operations: ['sign'],
  },
  'vault.destroy': { type: 'vault.destroy', call: 2, key: handle('k1') },
  'vaultHsm.kekMade': { type: 'vaultHsm.kekMade', call: 1, key: handle('k1'), version: kekKid.version, n: 'bg', e: 'AQAB', evidence: 'evidence' },
  'vaultHsm.imported': { type: 'vaultHsm.imported', call: 2, key: handle('k2'), version: keyKid.version, facts: target, evidence: 'evidence' },
  'vaultHsm.destroyed': { type: 'vaultHsm.destroyed', call: 2, key: handle('k1') },
  'vaultHsm.refused': { type: 'vaultHsm.refused', call: 2 },
  'enclave.kekHeld': { type: 'enclave.kekHeld', kek: handle('k1'), fingerprint: 'f1', bits: 2048, attested: true, attestedVault: VAULT },
  'enclave.kekTrusted': { type: 'enclave.kekTrusted', kek: handle('k1') },
  'enclave.wrapped': { type: 'enclave.wrapped', ciphertext: 'Y2lwaGVydGV4dA', target },
  'enclave.compared': { type: 'enclave.compared', genuine: true, sameKey: true, kid: keyKid, operations: ['sign'] },
  'enclave.kekMade': { type: 'enclave.kekMade', key: handle('k1'), version: kekKid.version, n: 'bg', e: 'AQAB', evidence: 'evidence' },
  'enclave.imported': { type: 'enclave.imported', key: handle('k2'), version: keyKid.version, facts: target, evidence: 'evidence' },
  'enclave.kept': { type: 'enclave.kept', key: handle('k1') },
  'enclave.destroyed': { type: 'enclave.destroyed', key: handle('k1') },
  'enclave.refused': { type: 'enclave.refused', fault },
} satisfies Record<string, EventObject & Readonly<Record<string, unknown>>>

/** Every sample, and a stranger. */
export const everyWord: readonly EventObject[] = [...Object.values(samples), stranger]
