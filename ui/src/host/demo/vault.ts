// The demo's store as a thing that can be locked, damaged and mended: recovery, checks and repairs to look at.
//
// Scenarios: `key-missing` (the keyring was reset), `key-passphrase` (and no keyring answers), `key-lost` (nothing to get
// the key back with), `passphrase`, `no-keyring` (first start), `keyring-locked`; `corrupt`, `corrupt-worse` (the store
// does not open); `damaged` (opens, promises are broken), `torn` (opens, pages are bad); `full-at-start`, `newer`.
// `aside` keeps a store set aside whose key is not back, `aside-back` one whose key is, `aside-stuck` refuses to set one aside.
// The pairing code 000000, the passphrase `wrong`, and the code OFFLINE are refused.

import type { AppError, Plan, Repair, SetAside, Verified, WaysBack } from '../types'
import { refusal } from './commands'

const SERVER = 'https://huishou.hangzhou-chengxi.example.cn:8443'
const FAILURES: Record<string, string> = {
  'key-missing': 'store_key_missing', 'key-passphrase': 'store_key_missing', 'key-lost': 'store_key_missing', 'aside-stuck': 'store_key_missing', 'passphrase-lost': 'passphrase_needed', passphrase: 'passphrase_needed', 'no-keyring': 'no_keyring',
  'keyring-locked': 'keyring_locked', corrupt: 'store_corrupt', 'corrupt-worse': 'store_corrupt', 'corrupt-stuck': 'store_corrupt', 'full-at-start': 'disk_full', newer: 'store_newer',
}
const WAYS: Record<string, Partial<WaysBack>> = {
  'key-passphrase': { keyring: false }, 'key-lost': { server: null }, 'aside-stuck': { server: null }, 'passphrase-lost': { server: null, keyring: false, passphrase: true }, passphrase: { keyring: false, passphrase: true }, 'no-keyring': { server: null, store: false, keyring: false },
}
const ASIDE: SetAside = { name: 'set-aside-20261123T020000Z', place: '/home/zhangjianguo/.local/share/cn.huishou.desktop/set-aside-20261123T020000Z', at: '2026-11-23T02:00:00.000Z' }
const KEPT: Plan = { pending: 7, open: 1, from_copies: 2, drafts: 1, pictures: 3, pictures_from_copies: 1, pictures_lost: 0, damaged: 0, unknown: 0 }
const WORSE: Plan = { pending: 1_204, open: 3, from_copies: 1_204, drafts: 0, pictures: 0, pictures_from_copies: 0, pictures_lost: 2, damaged: 1, unknown: 4 }
const FAULTS: Record<Exclude<Repair, 'salvage'>, string[]> = {
  marks: ['the last id is known: 2 rows do not keep it'],
  refetch: ['what is held has a scope: 31 rows do not keep it'],
  rebuild: ['overlay of visit 0193a000-0000-7000-8000-00000000aa01 does not follow from base and outbox', 'order list row and visit 0193a000-0000-7000-8000-00000000aa02 disagree'],
}

/** The store of a scenario. */
export function makeVault(scenario: string) {
  let failure: string | null = FAILURES[scenario] ?? null
  let wrong = new Set<Repair>(scenario === 'damaged' ? ['marks', 'refetch', 'rebuild'] : scenario === 'torn' || scenario.startsWith('corrupt') ? ['salvage'] : [])
  const plan = scenario === 'corrupt-worse' ? WORSE : KEPT
  const ways: WaysBack = { server: SERVER, store: true, passphrase: false, keyring: true, aside: scenario === 'aside' || scenario === 'aside-back' ? [ASIDE] : [], ...WAYS[scenario] }

  function verified(): Verified {
    const offers = [...wrong].map((repair) => ({ repair, does: '', loses: '' }))
    const faults = [...wrong].flatMap((repair) => (repair === 'salvage' ? ['cipher_integrity_check: HMAC verification failed for page 3', 'cipher_integrity_check: HMAC verification failed for page 11'] : FAULTS[repair]))
    const findings = [...wrong].map((repair) => ({ repair, count: repair === 'salvage' ? 2 : FAULTS[repair].length }))
    return { ok: wrong.size === 0, faults, findings, offers, cipher_version: '4.6.1 community', rows: failure ? 0 : 409, pending: failure ? 0 : 7, last_id: 31 }
  }

  return {
    /** Why the store is not open. */
    refused: (): AppError | null => (failure ? refusal(failure) : null),
    ways: () => ways,
    open(passphrase: string | null) {
      if (failure === 'passphrase_needed' || failure === 'passphrase_wrong') failure = passphrase === null ? 'passphrase_needed' : passphrase === 'wrong' ? 'passphrase_wrong' : null
      else if (failure === 'no_keyring' && passphrase !== null) failure = null
      if (failure) throw refusal(failure)
    },
    recover(code: string) {
      if (code === '000000') throw refusal('bad_pairing_code', 'pairing_code')
      if (code === 'OFFLINE') throw refusal('offline')
      failure = null
    },
    setAside(): SetAside {
      if (scenario === 'aside-stuck') throw refusal('disk_read_only')
      failure = null
      Object.assign(ways, { store: false, passphrase: false, aside: [ASIDE] })
      return ASIDE
    },
    bringBack() {
      if (scenario !== 'aside-back') throw refusal('store_key_missing')
      ways.aside = []
    },
    verified,
    repair(repair: Repair): Verified {
      wrong = new Set([...wrong].filter((one) => one !== repair))
      return verified()
    },
    plan: () => plan,
    salvage(): Plan {
      if (scenario === 'corrupt-stuck') throw refusal('disk_full')
      failure = null
      wrong = new Set()
      return plan
    },
  }
}
