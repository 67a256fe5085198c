/**
 * Which words each role of SKI hears through which port. A port lets nothing else in (SKI-244), so this table is part of
 * what is checked.
 * @module
 */
import { FUNCTIONS, type Call, type Returned } from '../../src/ski/calls.js'
import type {
  ArchiveToServer,
  CardToHolder,
  CardToMinidriver,
  ClientToServer,
  HolderToCard,
  MinidriverToCard,
  ReaderSays,
  ServerToArchive,
  ServerToClient,
} from '../../src/ski/messages.js'

type Word = (
  | ArchiveToServer
  | Call
  | CardToHolder
  | CardToMinidriver
  | ClientToServer
  | HolderToCard
  | MinidriverToCard
  | ReaderSays
  | Returned
  | ServerToArchive
  | ServerToClient
)['type']

interface Hears {
  readonly wire?: readonly Word[]
  readonly local?: readonly Word[]
  readonly console?: readonly Word[]
}

const READER = ['reader.reset', 'reader.removed', 'reader.inserted'] as const

const CARD_ANSWERS = [
  'card.selected',
  'card.capabilities',
  'card.challenge',
  'card.file',
  'card.done',
  'card.publicKey',
  'card.sessionKey',
  'card.agreement',
  'card.processed',
  'card.refused',
  'card.gone',
] as const

const APDUS = [
  'apdu.select',
  'apdu.capabilities',
  'apdu.challenge',
  'apdu.readFile',
  'apdu.writeFile',
  'apdu.generate',
  'apdu.readKey',
  'apdu.importSessionKey',
  'apdu.shareKey',
  'apdu.agree',
  'apdu.deriveKey',
  'apdu.setKeyProperty',
  'apdu.processSealed',
  'apdu.destroyKey',
  'apdu.deleteContainer',
  'apdu.verify',
  'apdu.deauthenticate',
] as const

/**
 * See the module text. The minidriver stands in two places: on the client (`minidriver`, between application and card) and
 * on the server (`serverMinidriver`), where its port `wire` is a call inside one machine and no card can be heard.
 */
export const SKI_HEARS = {
  client: { wire: ['server.start', 'server.sessionKey', 'server.sealed', 'server.certificate', 'server.completed', 'server.refused', 'minidriver.returned'] },
  minidriver: { wire: [...FUNCTIONS, ...CARD_ANSWERS, ...READER] },
  serverMinidriver: { wire: FUNCTIONS },
  card: { wire: [...APDUS, ...READER], console: ['holder.pinEntered', 'holder.declined'] },
  server: {
    wire: ['client.request', 'client.offer', 'client.established', 'client.installed', 'client.gaveUp'],
    local: ['minidriver.returned', 'archive.stored', 'archive.committed', 'archive.discarded', 'archive.certified', 'archive.refused'],
  },
  archive: { local: ['server.archive', 'server.commit', 'server.discard', 'server.certify'] },
} as const satisfies Readonly<Record<string, Hears>>

/** What begins and what ends an exchange with a service role: for a turnstile in front of it. Safety never depends on it (SKI-241). */
export const SKI_EXCHANGES = {
  card: { asks: APDUS, answers: CARD_ANSWERS },
  minidriver: { asks: FUNCTIONS, answers: ['minidriver.returned'] },
  archive: {
    asks: ['server.archive', 'server.commit', 'server.discard', 'server.certify'],
    answers: ['archive.stored', 'archive.committed', 'archive.discarded', 'archive.certified', 'archive.refused'],
  },
} as const satisfies Readonly<Record<string, { readonly asks: readonly Word[]; readonly answers: readonly Word[] }>>
