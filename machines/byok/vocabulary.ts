/**
 * Which words each role of BYOK hears through which port. A port lets nothing else in (BYOK-154), so this table is part of
 * what is checked.
 * @module
 */
import type {
  ClientToOfficer,
  ClientToTool,
  ClientToVault,
  ConsoleToSource,
  HsmToVault,
  OfficerToClient,
  OfficerToVault,
  SourceToConsole,
  SourceToTool,
  ToolToClient,
  ToolToSource,
  VaultAnswer,
  VaultToHsm,
} from '../../src/byok/messages.js'
import type { RoleName } from './common.js'

type Word = (
  | ClientToOfficer
  | ClientToTool
  | ClientToVault
  | ConsoleToSource
  | HsmToVault
  | OfficerToClient
  | OfficerToVault
  | SourceToConsole
  | SourceToTool
  | ToolToClient
  | ToolToSource
  | VaultAnswer
  | VaultToHsm
)['type']

const VAULT_ANSWERS = ['vault.key', 'vault.deleted', 'vault.error'] as const

/** See the module text. */
export const HEARS: Readonly<Record<RoleName, { readonly wire: readonly Word[]; readonly console?: readonly Word[] }>> = {
  client: { wire: [...VAULT_ANSWERS, 'tool.file', 'tool.refused', 'officer.confirmed', 'officer.refused'] },
  tool: { wire: ['client.kek', 'sourceHsm.wrapped', 'sourceHsm.refused'] },
  officer: {
    wire: [...VAULT_ANSWERS, 'client.imported', 'client.gaveUp'],
    console: ['sourceHsm.kekOffered', 'sourceHsm.noted', 'sourceHsm.compared', 'sourceHsm.stopped'],
  },
  sourceHsm: { wire: ['tool.wrap'], console: ['officer.acceptKek', 'officer.rejectKek', 'officer.compare'] },
  vault: {
    wire: [
      'client.createKek',
      'client.getKey',
      'client.importKey',
      'client.deleteKek',
      'officer.getKey',
      'officer.setEnabled',
      'vaultHsm.kekMade',
      'vaultHsm.imported',
      'vaultHsm.destroyed',
      'vaultHsm.refused',
    ],
  },
  vaultHsm: { wire: ['vault.makeKek', 'vault.import', 'vault.destroy'] },
}

/** What begins and what ends an exchange with a service role: for a turnstile in front of it (BYOK-156). */
export const EXCHANGES: Readonly<Record<'sourceHsm' | 'vault' | 'vaultHsm', { readonly asks: readonly Word[]; readonly answers: readonly Word[] }>> = {
  sourceHsm: { asks: ['tool.wrap', 'officer.compare'], answers: ['sourceHsm.noted', 'sourceHsm.refused', 'sourceHsm.compared'] },
  vault: {
    asks: ['client.createKek', 'client.getKey', 'client.importKey', 'client.deleteKek', 'officer.getKey', 'officer.setEnabled'],
    answers: VAULT_ANSWERS,
  },
  vaultHsm: {
    asks: ['vault.makeKek', 'vault.import', 'vault.destroy'],
    answers: ['vaultHsm.kekMade', 'vaultHsm.imported', 'vaultHsm.destroyed', 'vaultHsm.refused'],
  },
}
