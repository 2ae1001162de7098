// How a scenario begins: who is signed in, what waits, how sync stands.

import { uuidv7 } from '@/format/id'
import type { MutationEntry, Person, SessionState, SyncStatus, Wiped } from '../types'
import { STAFF, STATIONS, type Visit } from './data'

const DAY = 86_400_000
const at = (days: number): string => new Date(Date.now() + days * DAY).toISOString()

const WIPES: Record<string, Wiped> = {
  wiped: { stolen: false, at: at(-0.1), handed_in: 12, lost: 0, pictures: 2, aside: 0, server: 'https://huishou.hangzhou-chengxi.example.cn:8443' },
  'wiped-empty': { stolen: false, at: at(-0.1), handed_in: 0, lost: 0, pictures: 0, aside: 0, server: 'http://127.0.0.1:8080' },
  'wiped-stolen': { stolen: true, at: at(-3), handed_in: 0, lost: 5, pictures: 3, aside: 1, server: null },
}

/** Days since the server was last met, and how the last contact ended. */
const CONTACTS: Record<string, [number, string]> = {
  'lease-soon': [-26.4, 'offline'], 'lease-last': [-29.6, 'offline'], 'lease-over': [-31, 'offline'], upgrade: [-1.2, 'upgrade_required'], 'upgrade-here': [-1.2, 'upgrade_required'], revoked: [-0.2, 'device_revoked'],
}

/** How sync stands when a scenario begins. */
export function startStatus(scenario: string, rows: number, offline: boolean): SyncStatus {
  const [days, error] = CONTACTS[scenario] ?? [0, null]
  return {
    chip: 'synced', running: false, pending: 0, pictures: 0, refused: 0, last_contact: at(days), offline_since: error === 'offline' ? at(days) : null, last_error: error,
    download: scenario === 'upgrade-here' ? 'https://huishou.hangzhou-chengxi.example.cn/downloads/desktop/stable/huishou_0.2.0_amd64.deb' : null,
    offline_switch: offline, clock_offset_ms: 1_200, rows, repaired_scopes: 0, last_check: at(days), lease_ends: at(days + 30),
  }
}

/** Who uses the app when a scenario begins. */
export function startSession(scenario: string, role: 'collector' | 'station' | 'dispatcher'): SessionState {
  const member = STAFF.find((s) => s.role === role)
  const person: Person | null = member
    ? { id: member.id, username: member.username, name: member.name, role: member.role, station_id: member.station_id, station_name: STATIONS[0]?.name ?? null }
    : null
  const base: SessionState = { mode: 'signed_in', person, device_id: '0193a000-0000-7000-8000-000000000d01', device_name: '城西 3 号平板', server: 'http://127.0.0.1:8080', city: '330100', keyring: true, lease_over: scenario === 'lease-over', wiped: null }
  if (scenario === 'new') return { ...base, mode: 'signed_out', person: null, device_id: null, device_name: null, server: null }
  if (scenario === 'signed-out') return { ...base, mode: 'signed_out', person: null }
  const wiped = WIPES[scenario]
  if (wiped) return { ...base, mode: 'signed_out', person: null, device_id: null, device_name: null, server: null, wiped }
  if (scenario === 'practice') return { ...base, mode: 'practice', device_id: null, device_name: null, server: null }
  return base
}

/** Changes that were refused, wait and were answered. */
export function refusedMutations(visits: Visit[]): MutationEntry[] {
  const [first, , third] = visits.filter((v) => v.appointment)
  const entry = (id: number, visit: Visit | undefined, name: string, part: Partial<MutationEntry>): MutationEntry => ({
    id, uid: uuidv7(), name: `${name}@1`, at: new Date(Date.now() - id * 600_000).toISOString(), actor: '张师傅', subject: visit?.appointment?.contact.name ?? '',
    appointment_id: visit?.appointment?.id ?? null, order_id: visit?.order.id ?? null, outcome: null, code: null, field: null, open: false, args: {}, current: null, ...part,
  })
  return [
    entry(5, third, 'appointment.reschedule', { outcome: 'rejected', code: 'outside_slots', field: 'appointment_time', open: true, args: { appointment_id: third?.appointment?.id, appointment_time: new Date(Date.now() + 86_400_000).toISOString() } }),
    entry(4, first, 'appointment.cancel', { outcome: 'conflict', code: 'conflict', open: true, args: { appointment_id: first?.appointment?.id, reason: 'not_home' }, current: first?.appointment }),
    entry(3, third, 'appointment.start', {}),
    entry(2, first, 'order.pay', { outcome: 'applied', code: 'price_mismatch', args: { amount: '54.00' } }),
    entry(1, first, 'appointment.start', { outcome: 'applied' }),
  ]
}
