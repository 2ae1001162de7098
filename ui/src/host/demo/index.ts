// An engine played in memory: for looking at screens in a plain browser (`npm run dev`) and for tests. It keeps the
// Host's contract, invents its data and forgets everything when the page is closed. Never part of a release build.
//
// Scenarios (`?scenario=` or `demoHost({scenario})`): `many` 10,000 appointments and tickets; `empty`; `error` every
// list is rejected; `new` nobody signed in, device not registered; `signed-out` registered; `station` and `dispatcher`
// sign in as such; `offline`, `attention` states of sync; `practice`.

import { parseScaled, formatScaled, trimZeros } from '@/format/decimal'
import { fen, yuan } from '@/format/money'
import { localDay } from '@/format/time'
import { uuidv7 } from '@/format/id'
import type { Host, HostEvents } from '../index'
import type {
  AppointmentDetail, AppointmentFilter, AppointmentRow, Difference, Executed, HistoryEntry, Item, MutationEntry, Order, OrderDetail,
  OrderFilter, OrderRow, Person, Preview, PreviewRequest, Quote, SessionState, Settings, SyncStatus,
} from '../types'
import { actionsOf, applyCommand, paidFen, refusal } from './commands'
import { bookingFaults, newBooking } from './booking'
import { BOOK, divisionName, makeTickets, makeVisits, newOrder, quoteOf, RULES, STAFF, STATIONS, type Visit } from './data'
import { priceLine } from './pricing'

/** How the demo host behaves. */
export interface DemoOptions {
  /** Milliseconds before each answer. */
  delay?: number
  scenario?: string | undefined
}

const mask = (phone: string): string => `${phone.slice(0, 3)}****${phone.slice(-4)}`
const copy = <T>(value: T): T => value === undefined ? value : JSON.parse(JSON.stringify(value)) as T

/** A fresh demo engine. */
export function demoHost({ delay = 0, scenario = '' }: DemoOptions = {}): Host {
  const sizes: Record<string, [number, number]> = { many: [10_000, 10_000], empty: [0, 0] }
  const [appointmentCount, ticketCount] = sizes[scenario] ?? [30, 14]
  const visits = [...makeVisits(appointmentCount, scenario === 'many' ? 10_000 : 12), ...makeTickets(ticketCount)]
  const drafts = new Map<string, { value: unknown; updated_at: string }>()
  const pictures = new Map<string, { type: string; data: string; up: boolean }>()
  const handlers: { [K in keyof HostEvents]: Set<(payload: HostEvents[K]) => void> } = {
    'sync-status': new Set(), 'data-changed': new Set(), 'session-changed': new Set(),
  }
  const role = scenario === 'station' || scenario === 'dispatcher' ? scenario : 'collector'
  let settings: Settings = { language: 'zh', theme: 'system', show_jin: false, offline: scenario === 'offline' }
  let session: SessionState = startSession(scenario, role)
  let journal: MutationEntry[] = scenario === 'attention' ? refusedMutations(visits) : []
  let status: SyncStatus = {
    chip: 'synced', running: false, pending: 0, pictures: 0, refused: 0, last_contact: new Date().toISOString(), offline_since: null,
    last_error: null, offline_switch: settings.offline, clock_offset_ms: 1_200, rows: visits.length * 2 + 9, repaired_scopes: 0, last_check: new Date().toISOString(), lease_ends: new Date(Date.now() + 30 * 86_400_000).toISOString(),
  }

  const emit = <K extends keyof HostEvents>(event: K, payload: HostEvents[K]) => handlers[event].forEach((handler) => handler(copy(payload)))
  const answer = async <T>(value: () => T): Promise<T> => {
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    return copy(value())
  }
  const actor = (): Person => session.person ?? { id: '', username: '', name: '', role: 'collector', station_id: null, station_name: null }

  function restate() {
    const pending = journal.filter((m) => m.outcome === null).length
    const refused = journal.filter((m) => m.open).length
    const waiting = session.mode === 'practice' ? 0 : [...pictures.values()].filter((p) => !p.up).length
    const offline = settings.offline
    const chip = session.mode === 'practice' ? 'practice' : refused > 0 ? 'attention' : offline ? 'offline' : pending + waiting > 0 ? 'pending' : 'synced'
    status = {
      ...status, pending, pictures: waiting, refused, chip, offline_switch: offline,
      offline_since: offline ? (status.offline_since ?? new Date().toISOString()) : null, last_error: offline ? 'offline' : null,
    }
    emit('sync-status', status)
  }

  function settle() {
    if (settings.offline || session.mode === 'practice') return
    journal = journal.map((m) => (m.outcome === null ? { ...m, outcome: 'applied' } : m))
    for (const visit of visits) if (visit.sync === 'pending') visit.sync = 'synced'
    for (const picture of pictures.values()) picture.up = true
    status = { ...status, last_contact: new Date().toISOString() }
    restate()
    emit('data-changed', { kinds: ['appointment', 'order'] })
  }

  function record(name: string, args: object, visit: Visit): Executed {
    const executed = { uid: uuidv7(), id: journal.length + 1, appointment_id: visit.appointment?.id ?? null, order_id: visit.order.id, quote_id: visit.order.current_quote }
    journal.unshift({
      id: executed.id, uid: executed.uid, name: `${name}@1`, at: new Date().toISOString(), actor: actor().name,
      subject: visit.appointment?.contact.name ?? visit.order.order_no, appointment_id: executed.appointment_id, order_id: executed.order_id,
      outcome: null, code: null, field: null, open: false, args, current: null,
    })
    visit.sync = 'pending'
    visit.order.version += 1
    if (visit.appointment) visit.appointment.version += 1
    restate()
    emit('data-changed', { kinds: ['appointment', 'order'] })
    if (!settings.offline) setTimeout(settle, Math.max(delay * 8, 400))
    return executed
  }

  const ofAppointment = (id: string): Visit => {
    const visit = visits.find((v) => v.appointment?.id === id)
    if (!visit) throw refusal('not_found')
    return visit
  }
  const ofOrder = (id: string): Visit => {
    const visit = visits.find((v) => v.order.id === id)
    if (!visit) throw refusal('not_found')
    return visit
  }
  const failing = () => {
    if (scenario === 'error') throw refusal('store')
  }

  function checkGoods(items: Item[]) {
    const wrong = items.map((item) => priceLine(RULES, item)).findIndex((line) => line.error !== null)
    const fault = items[wrong] ? priceLine(RULES, items[wrong]) : null
    if (fault?.error) throw refusal(fault.error, `items[${wrong}].${fault.field ?? ''}`)
    if (items.length === 0) throw refusal('empty', 'items')
  }

  function weighOrder(visit: Visit, items: Item[], extra: Partial<Quote>, photos: string[] = []) {
    const at = new Date().toISOString()
    checkGoods(items)
    const quote = quoteOf(items, 'final', at, extra)
    visit.order.quotes.push({ quote, by: actor().id, at, ...(photos.length > 0 ? { photos } : {}) })
    Object.assign(visit.order, { current_quote: quote.id, due: quote.due, weighed_at: at })
    if (visit.appointment && visit.appointment.status !== 2) visit.appointment.status = 4
  }

  function changeSession(next: SessionState): SessionState {
    session = next
    restate()
    emit('session-changed', session)
    return session
  }

  restate()
  return {
    sessionState: () => answer(() => session),
    openStore: () => answer(() => session),
    register: (r) => answer(() => {
      const missing = (Object.keys(r) as (keyof typeof r)[]).filter((key) => r[key].trim() === '')
      if (missing.length > 0) throw { code: 'validation_failed', field: null, errors: missing.map((field) => ({ field, code: 'required' })) }
      if (r.pairing_code === '000000') throw refusal('bad_pairing_code', 'pairing_code')
      return changeSession({ ...startSession('', role), device_name: r.device_name, server: r.server })
    }),
    signIn: (c) => answer(() => {
      if (c.password === 'wrong') throw refusal('bad_credentials')
      return changeSession({ ...startSession('', role), device_name: session.device_name, server: session.server })
    }),
    signOut: () => answer(() => changeSession({ ...session, mode: 'signed_out', person: null })),
    practiceEnter: () => answer(() => changeSession(startSession('practice', role))),
    practiceLeave: () => answer(() => changeSession(startSession('new', role))),
    settingsGet: () => answer(() => settings),
    settingsPut: (next) => answer(() => (settings = copy(next))),
    appointments: (filter) => answer(() => {
      failing()
      return listAppointments(visits, filter)
    }),
    appointment: (id) => answer(() => appointmentDetail(ofAppointment(id), actor().role, drafts.has(`weigh:${ofAppointment(id).order.id}`))),
    orders: (filter) => answer(() => {
      failing()
      return listOrders(visits, filter)
    }),
    order: (id) => answer(() => orderDetail(ofOrder(id), actor().role)),
    directory: () => answer(() => ({ staff: STAFF, stations: STATIONS, own_station: STATIONS[0]?.id ?? null })),
    book: () => answer(() => {
      if (scenario === 'error') throw refusal('no_book')
      return BOOK
    }),
    preview: (request) => answer(() => previewOf(visits, request)),
    weigh: (request) => answer(() => {
      const visit = ofOrder(request.order_id)
      weighOrder(visit, request.items, { adjustments: request.adjustments, gap_reasons: request.gap_reasons }, request.photos)
      return record('order.weigh', request, visit)
    }),
    ticket: (request) => answer(() => {
      const at = new Date().toISOString()
      const visit: Visit = { appointment: null, order: newOrder(request.order_id ?? uuidv7(), null, visits.length, at), sync: 'pending' }
      if (request.seller) visit.order.seller = request.seller
      weighOrder(visit, request.items, { adjustments: request.adjustments })
      visits.push(visit)
      return record('ticket.create', request, visit)
    }),
    bookVisit: (request) => answer(() => {
      const errors = bookingFaults(request)
      if (errors.length > 0) throw { code: 'validation_failed', field: null, errors }
      if (visits.some((v) => v.appointment?.id === request.appointment_id)) throw refusal('id_taken', 'appointment_id')
      const visit = newBooking(request, visits.length)
      visits.push(visit)
      return record('appointment.create', request, visit)
    }),
    estimate: (request) => answer(() => {
      const visit = ofAppointment(request.appointment_id)
      if (!actionsOf(visit, actor().role).includes('appointment.estimate')) throw refusal('in_service')
      checkGoods(request.items)
      const at = new Date().toISOString()
      Object.assign(visit.appointment ?? {}, { items: request.items, estimate: quoteOf(request.items, 'estimate', at) })
      return record('appointment.estimate', request, visit)
    }),
    execute: (name, args) => answer(() => {
      const ids = args as { appointment_id?: string; order_id?: string }
      const visit = ids.appointment_id ? ofAppointment(ids.appointment_id) : ofOrder(ids.order_id ?? '')
      const refused = applyCommand(visit, name, args, { by: actor().id, role: actor().role, at: new Date().toISOString() })
      if (refused) throw refused
      return record(name, args, visit)
    }),
    draftGet: (key) => answer(() => drafts.get(key)?.value ?? null),
    draftPut: (key, value) => answer(() => void drafts.set(key, { value: copy(value), updated_at: new Date().toISOString() })).then(() => undefined),
    draftDelete: (key) => answer(() => drafts.delete(key)).then(() => undefined),
    drafts: () => answer(() => [...drafts].map(([key, draft]) => ({ key, updated_at: draft.updated_at }))),
    picturePut: async (data) => {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      const name = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      return answer(() => {
        pictures.set(name, { type: data.startsWith('iVBOR') ? 'image/png' : 'image/jpeg', data, up: false })
        restate()
        return name
      })
    },
    picture: (sha256) => answer(() => {
      const found = pictures.get(sha256)
      if (!found) throw refusal(settings.offline ? 'offline' : 'blob_not_uploaded')
      return { type: found.type, data: found.data }
    }),
    pictureDiscard: (sha256) => answer(() => {
      pictures.delete(sha256)
      restate()
    }).then(() => undefined),
    syncStatus: () => answer(() => status),
    syncNow: () => answer(() => {
      if (settings.offline) throw refusal('offline')
      settle()
      return status
    }),
    setOffline: (offline) => answer(() => {
      settings = { ...settings, offline }
      restate()
      if (!offline) setTimeout(settle, 200)
      return status
    }),
    checkNow: () => answer(() => {
      if (settings.offline) throw refusal('offline')
      status = { ...status, last_check: new Date().toISOString() }
      restate()
      return status
    }),
    mutations: () => answer(() => {
      failing()
      return [...journal.filter((m) => m.outcome === null || m.open), ...journal.filter((m) => m.outcome !== null && !m.open)].slice(0, 200)
    }),
    mutationDiscard: (uid) => answer(() => {
      journal = journal.map((m) => (m.uid === uid ? { ...m, open: false } : m))
      restate()
    }).then(() => undefined),
    mutationResend: (uid, args) => answer(() => {
      const entry = journal.find((m) => m.uid === uid)
      if (!entry) throw refusal('not_found')
      const visit = entry.appointment_id ? ofAppointment(entry.appointment_id) : ofOrder(entry.order_id ?? '')
      const refused = applyCommand(visit, entry.name, args, { by: actor().id, role: actor().role, at: new Date().toISOString() })
      if (refused) throw refused
      entry.open = false
      return record(entry.name.replace(/@1$/, ''), args, visit)
    }),
    diagnostics: () => answer(() => '/home/zhang/.local/share/huishou/diagnostics-20261123.txt'),
    openLink: (url) => answer(() => void window.open(url, '_blank', 'noreferrer')),
    on: (event, handler) => {
      const set = handlers[event] as Set<typeof handler>
      set.add(handler)
      return Promise.resolve(() => void set.delete(handler))
    },
  }
}

function startSession(scenario: string, role: 'collector' | 'station' | 'dispatcher'): SessionState {
  const member = STAFF.find((s) => s.role === role)
  const person: Person | null = member
    ? { id: member.id, username: member.username, name: member.name, role: member.role, station_id: member.station_id, station_name: STATIONS[0]?.name ?? null }
    : null
  const base: SessionState = { mode: 'signed_in', person, device_id: '0193a000-0000-7000-8000-000000000d01', device_name: '城西 3 号平板', server: 'http://127.0.0.1:8080', city: '330100', keyring: true, lease_over: false }
  if (scenario === 'new') return { ...base, mode: 'signed_out', person: null, device_id: null, device_name: null, server: null }
  if (scenario === 'signed-out') return { ...base, mode: 'signed_out', person: null }
  if (scenario === 'practice') return { ...base, mode: 'practice', device_id: null, device_name: null, server: null }
  return base
}

function refusedMutations(visits: Visit[]): MutationEntry[] {
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

function listAppointments(visits: Visit[], filter: AppointmentFilter): AppointmentRow[] {
  const rows = visits.flatMap((visit): AppointmentRow[] => {
    const { appointment: a, order, sync } = visit
    if (!a) return []
    if ((filter.from && a.slot.date < filter.from) || (filter.to && a.slot.date > filter.to) || (filter.from && !filter.to && a.slot.date !== filter.from)) return []
    if (filter.statuses.length > 0 && !filter.statuses.includes(a.status)) return []
    if (filter.assignee && a.assignee !== filter.assignee) return []
    if (!matches(filter.query, [a.contact.name, a.contact.phone, a.address.detail, order.order_no, ...a.items.map((i) => goodsName(i.category))])) return []
    return [{
      id: a.id, order_id: a.order_id, status: a.status, order_status: order.status, time: a.appointment_time, slot: a.slot, name: a.contact.name,
      phone_masked: mask(a.contact.phone), address: `${divisionName(a.address.division).slice(-3)} ${a.address.detail}`, categories: a.items.map((i) => i.category),
      estimate: a.estimate.due, due: order.current_quote ? order.due : null, assignee: a.assignee, assignee_name: STAFF.find((s) => s.id === a.assignee)?.name ?? null,
      reviews: [...(a.reviews ?? []), ...order.reviews].map((r) => r.code), sync,
    }]
  })
  return rows.sort((x, y) => x.time.localeCompare(y.time))
}

const goodsName = (category: string): string => BOOK.catalogue.find((c) => c.category === category)?.name ?? category
const matches = (query: string, texts: (string | null | undefined)[]): boolean => {
  const wanted = query.trim().toLowerCase()
  return wanted === '' || texts.some((text) => text?.toLowerCase().includes(wanted))
}

function listOrders(visits: Visit[], filter: OrderFilter): OrderRow[] {
  const rows = visits.flatMap(({ appointment, order, sync }): OrderRow[] => {
    const day = localDay(new Date(order.created_at))
    if ((filter.from && day < filter.from) || (filter.to && day > filter.to)) return []
    if (filter.statuses.length > 0 && !filter.statuses.includes(order.status)) return []
    if (filter.tickets !== null && filter.tickets !== (appointment === null)) return []
    const quote = order.quotes.at(-1)?.quote
    const categories = quote?.lines.map((l) => l.category) ?? appointment?.items.map((i) => i.category) ?? []
    const name = appointment?.contact.name ?? order.seller?.name ?? null
    const phone = appointment?.contact.phone ?? order.seller?.phone ?? null
    if (!matches(filter.query, [order.order_no, name, phone, ...categories.map(goodsName)])) return []
    const weight = quote?.lines.filter((l) => RULES.find((r) => r.category === l.category)?.unit === 'kg').reduce((sum, l) => sum + (parseScaled(l.quantity, 3) ?? 0n), 0n) ?? 0n
    const paid = paidFen({ appointment, order, sync })
    return [{
      id: order.id, appointment_id: order.appointment_id, order_no: order.order_no, status: order.status, created_at: order.created_at, name,
      phone_masked: phone ? mask(phone) : null, categories, weight: trimZeros(formatScaled(weight, 3)), due: order.due, paid: yuan(paid), reviews: order.reviews.map((r) => r.code), sync,
    }]
  })
  return rows.sort((x, y) => y.created_at.localeCompare(x.created_at))
}

function history({ appointment: a, order }: Visit): HistoryEntry[] {
  const entries: HistoryEntry[] = []
  const add = (what: string, at: string | null | undefined, part: Partial<HistoryEntry> = {}) => {
    if (at) entries.push({ what, at, by: null, amount: null, detail: null, pending: false, ...part })
  }
  const name = (id: string) => STAFF.find((s) => s.id === id)?.name ?? null
  if (a) add('booked', a.created_at, { by: a.contact.name, amount: a.estimate.due })
  if (a) add('started', a.started_at, { by: name(a.assignee ?? '') })
  for (const q of order.quotes) add('weighed', q.at ?? null, { by: name(q.by), amount: q.quote.due })
  for (const c of order.acceptances) add('accepted', c.at, { by: a?.contact.name ?? null, detail: c.by })
  for (const p of order.payments) add('paid', p.at, { by: name(p.by), amount: p.amount, detail: p.method })
  for (const r of order.refunds) add('refunded', r.at, { by: name(r.by), amount: r.amount })
  if (a) add('completed', a.completed_at, { by: name(a.assignee ?? '') })
  if (a?.cancellation) add('cancelled', a.cancellation.at, { detail: a.cancellation.reason })
  add('received', order.received_at)
  for (const r of [...(a?.reviews ?? []), ...order.reviews]) add('review', r.at, { detail: r.code })
  return entries
}

function appointmentDetail(visit: Visit, role: string, hasDraft: boolean): AppointmentDetail {
  if (!visit.appointment) throw refusal('not_found')
  return {
    appointment: visit.appointment, order: visit.order, division_name: divisionName(visit.appointment.address.division),
    assignee_name: STAFF.find((s) => s.id === visit.appointment?.assignee)?.name ?? null, sync: visit.sync, history: history(visit),
    actions: actionsOf(visit, role), has_draft: hasDraft,
  }
}

const orderDetail = (visit: Visit, role: string): OrderDetail => ({
  order: visit.order satisfies Order, appointment: visit.appointment, sync: visit.sync, history: history(visit), actions: actionsOf(visit, role).filter((a) => a.startsWith('order.')),
})

function previewOf(visits: Visit[], request: PreviewRequest): Preview {
  const lines = request.items.map((item) => priceLine(RULES, item as Item))
  const total = lines.reduce((sum, l) => sum + fen(l.line?.amount), 0n)
  const rounded = request.adjustments.filter((a) => a.kind === 'round_down').reduce((sum, a) => sum + fen(a.amount), 0n)
  const bargained = request.adjustments.filter((a) => a.kind === 'bargain').reduce((sum, a) => sum + fen(a.amount), 0n)
  const due = request.adjustments.reduce((sum, a) => sum + fen(a.amount), total)
  const size = bargained < 0n ? -bargained : bargained
  const fault = rounded > 0n || -rounded >= 100n ? 'round_down_too_large' : size * 100n > total * 10n ? 'bargain_too_large' : due < 0n ? 'due_wrong' : null
  const estimate = visits.find((v) => v.appointment && v.appointment.id === request.appointment_id)?.appointment?.estimate
  const priced = lines.length > 0 && lines.every((l) => l.line !== null)
  const difference = priced && estimate ? differenceOf(estimate, lines.map((l) => l.line as NonNullable<typeof l.line>), yuan(due), request) : null
  return {
    lines, total: yuan(total), due: yuan(due < 0n ? 0n : due), adjustment_fault: fault,
    ready: priced && fault === null && (difference?.reasons_owed.length ?? 0) === 0, difference, book_version: BOOK.book.version, book_stale: false,
  }
}

function differenceOf(estimate: Quote, lines: Quote['lines'], due: string, request: PreviewRequest): Difference {
  const taken = new Set<number>()
  const compared = lines.map((line, i) => {
    const at = estimate.lines.findIndex((l, k) => l.category === line.category && !taken.has(k))
    if (at >= 0) taken.add(at)
    const theirs = estimate.lines[at]
    const [was, is] = [parseScaled(theirs?.quantity ?? '0', 3) ?? 0n, parseScaled(line.quantity, 3) ?? 0n]
    const quantity = theirs !== undefined && (is > was ? is - was : was - is) * 100n > was * 10n
    const unitPrice = theirs !== undefined && theirs.unit_price !== line.unit_price
    const reason = request.gap_reasons.find((r) => r.line === i)
    return {
      line: i, estimate_line: at >= 0 ? at : null, gap: yuan(fen(line.amount) - fen(theirs?.amount)), unit_price: unitPrice, quantity,
      reason_required: theirs === undefined || unitPrice || quantity, reason: reason?.code ?? null,
    }
  })
  const given = (line: number) => request.gap_reasons.some((r) => r.line === line && (r.code !== 'other' || Boolean(r.text?.trim())))
  return {
    estimate: estimate.due, due, gap: yuan(fen(due) - fen(estimate.due)), lines: compared, missing: estimate.lines.flatMap((_, i) => (taken.has(i) ? [] : [i])),
    reasons_owed: compared.filter((l) => l.reason_required && !given(l.line)).map((l) => l.line),
    explicit_acceptance: (fen(estimate.due) - fen(due)) * 100n > fen(estimate.due) * 10n,
  }
}
