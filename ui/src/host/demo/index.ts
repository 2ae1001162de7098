// An engine played in memory: for looking at screens in a plain browser (`npm run dev`) and for tests. It keeps the
// Host's contract, invents its data and forgets everything when the page is closed. Never part of a release build.
//
// Scenarios (`?scenario=` or `demoHost({scenario})`): `many` 10,000 appointments and tickets; `empty`; `error` every
// list is rejected; `new` nobody signed in, device not registered; `signed-out` registered; `station` and `dispatcher`
// sign in as such; `offline`, `attention` states of sync; `practice`; `lease-soon`, `lease-last`, `lease-over` the offline
// lease; `upgrade`, `revoked` what the server says; `wiped`, `wiped-stolen` a device that was shut out; `disk-full`,
// `read-only` a disk that takes nothing; those of vault.ts a store that needs help.

import { uuidv7 } from '@/format/id'
import type { Host, HostEvents } from '../index'
import type { Executed, Item, MutationEntry, Person, Quote, SessionState, Settings, SyncStatus } from '../types'
import { bookingFaults, newBooking } from './booking'
import { actionsOf, applyCommand, refusal } from './commands'
import { BOOK, makeTickets, makeVisits, newOrder, quoteOf, RULES, STAFF, STATIONS, type Visit } from './data'
import { previewOf } from './preview'
import { priceLine } from './pricing'
import { refusedMutations, startSession, startStatus } from './scenes'
import { makeVault } from './vault'
import { appointmentDetail, listAppointments, listOrders, orderDetail } from './views'

/** How the demo host behaves. */
export interface DemoOptions {
  /** Milliseconds before each answer. */
  delay?: number
  scenario?: string | undefined
  language?: string | undefined
}

const copy = <T>(value: T): T => value === undefined ? value : JSON.parse(JSON.stringify(value)) as T

/** A fresh demo engine. */
export function demoHost({ delay = 0, scenario = '', language = 'zh' }: DemoOptions = {}): Host {
  const sizes: Record<string, [number, number]> = { many: [10_000, 10_000], empty: [0, 0] }
  const [appointmentCount, ticketCount] = sizes[scenario] ?? [30, 14]
  const visits = [...makeVisits(appointmentCount, scenario === 'many' ? 10_000 : 12), ...makeTickets(ticketCount)]
  const drafts = new Map<string, { value: unknown; updated_at: string }>()
  const pictures = new Map<string, { type: string; data: string; up: boolean }>()
  const handlers: { [K in keyof HostEvents]: Set<(payload: HostEvents[K]) => void> } = {
    'sync-status': new Set(), 'data-changed': new Set(), 'session-changed': new Set(),
  }
  const role = scenario === 'station' || scenario === 'dispatcher' ? scenario : 'collector'
  let settings: Settings = { language, theme: 'system', show_jin: false, offline: scenario === 'offline' }
  let session: SessionState = startSession(scenario, role)
  let journal: MutationEntry[] = scenario === 'attention' ? refusedMutations(visits) : []
  let status: SyncStatus = startStatus(scenario, visits.length * 2 + 9, settings.offline)
  const vault = makeVault(scenario)
  let disk: string | null = ({ 'disk-full': 'disk_full', 'read-only': 'disk_read_only' } as Record<string, string>)[scenario] ?? null
  let refusedWrites = 0
  /** What the server answers to each contact, until it changes its mind. */
  let contact = status.last_error

  const emit = <K extends keyof HostEvents>(event: K, payload: HostEvents[K]) => handlers[event].forEach((handler) => handler(copy(payload)))
  /** Answers whatever state the store is in. */
  const reply = async <T>(value: () => T, slow = 1): Promise<T> => {
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay * slow))
    return copy(value())
  }
  const answer = <T>(value: () => T): Promise<T> => reply(() => {
    const refused = vault.refused()
    if (refused) throw refused
    return value()
  })
  /** Answers what the disk has to take. */
  const write = <T>(value: () => T): Promise<T> => answer(() => {
    if (disk) {
      const code = disk
      // Somebody makes room after a while.
      disk = ++refusedWrites < 3 ? disk : null
      throw refusal(code)
    }
    return value()
  })
  const actor = (): Person => session.person ?? { id: '', username: '', name: '', role: 'collector', station_id: null, station_name: null }

  function restate() {
    const pending = journal.filter((m) => m.outcome === null).length
    const refused = journal.filter((m) => m.open).length
    const waiting = session.mode === 'practice' ? 0 : [...pictures.values()].filter((p) => !p.up).length
    const offline = settings.offline
    const away = offline || contact === 'offline'
    const chip = session.mode === 'practice' ? 'practice' : refused > 0 || (contact && !away) ? 'attention' : away ? 'offline' : pending + waiting > 0 ? 'pending' : 'synced'
    status = {
      ...status, pending, pictures: waiting, refused, chip, offline_switch: offline,
      offline_since: away ? (status.offline_since ?? new Date().toISOString()) : null, last_error: offline ? 'offline' : contact,
    }
    emit('sync-status', status)
  }

  function settle() {
    if (settings.offline || contact || session.mode === 'practice') return
    journal = journal.map((m) => (m.outcome === null ? { ...m, outcome: 'applied' } : m))
    for (const visit of visits) if (visit.sync === 'pending') visit.sync = 'synced'
    for (const picture of pictures.values()) picture.up = true
    status = { ...status, last_contact: new Date().toISOString(), lease_ends: new Date(Date.now() + 30 * 86_400_000).toISOString() }
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

  const locked = () => {
    if (session.lease_over) throw refusal('lease_over')
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
    openStore: (passphrase) => reply(() => {
      vault.open(passphrase)
      return session
    }),
    waysBack: () => reply(() => vault.ways()),
    recoverStore: (code) => reply(() => {
      vault.recover(code.trim())
      return changeSession({ ...startSession('signed-out', role), keyring: vault.ways().keyring })
    }, 8),
    setStoreAside: () => reply(() => {
      const put = vault.setAside()
      session = startSession('new', role)
      return put
    }, 8),
    bringStoreBack: () => reply(() => {
      if (status.pending + status.pictures > 0) throw refusal('unsent_here')
      vault.bringBack()
      return session
    }, 8),
    verifyStore: () => reply(() => vault.verified(), 8),
    repairStore: (repair) => write(() => vault.repair(repair)),
    planSalvage: () => reply(() => vault.plan(), 4),
    salvageStore: () => reply(() => {
      const plan = vault.salvage()
      emit('data-changed', { kinds: [] })
      return plan
    }, 12),
    register: (r) => answer(() => {
      const missing = (Object.keys(r) as (keyof typeof r)[]).filter((key) => r[key].trim() === '')
      if (missing.length > 0) throw { code: 'validation_failed', field: null, errors: missing.map((field) => ({ field, code: 'required' })) }
      if (r.pairing_code === '000000') throw refusal('bad_pairing_code', 'pairing_code')
      contact = null
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
    settingsPut: (next) => write(() => (settings = copy(next))),
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
    weigh: (request) => write(() => {
      const visit = ofOrder(request.order_id)
      weighOrder(visit, request.items, { adjustments: request.adjustments, gap_reasons: request.gap_reasons }, request.photos)
      return record('order.weigh', request, visit)
    }),
    ticket: (request) => write(() => {
      locked()
      const at = new Date().toISOString()
      const visit: Visit = { appointment: null, order: newOrder(request.order_id ?? uuidv7(), null, visits.length, at), sync: 'pending' }
      if (request.seller) visit.order.seller = request.seller
      weighOrder(visit, request.items, { adjustments: request.adjustments })
      visits.push(visit)
      return record('ticket.create', request, visit)
    }),
    bookVisit: (request) => write(() => {
      locked()
      const errors = bookingFaults(request)
      if (errors.length > 0) throw { code: 'validation_failed', field: null, errors }
      if (visits.some((v) => v.appointment?.id === request.appointment_id)) throw refusal('id_taken', 'appointment_id')
      const visit = newBooking(request, visits.length)
      visits.push(visit)
      return record('appointment.create', request, visit)
    }),
    estimate: (request) => write(() => {
      const visit = ofAppointment(request.appointment_id)
      if (!actionsOf(visit, actor().role).includes('appointment.estimate')) throw refusal('in_service')
      checkGoods(request.items)
      const at = new Date().toISOString()
      Object.assign(visit.appointment ?? {}, { items: request.items, estimate: quoteOf(request.items, 'estimate', at) })
      return record('appointment.estimate', request, visit)
    }),
    execute: (name, args) => write(() => {
      const ids = args as { appointment_id?: string; order_id?: string }
      const visit = ids.appointment_id ? ofAppointment(ids.appointment_id) : ofOrder(ids.order_id ?? '')
      if (visit.appointment?.status !== 4 && !visit.order.weighed_at) locked()
      const refused = applyCommand(visit, name, args, { by: actor().id, role: actor().role, at: new Date().toISOString() })
      if (refused) throw refused
      return record(name, args, visit)
    }),
    draftGet: (key) => answer(() => drafts.get(key)?.value ?? null),
    draftPut: (key, value) => write(() => void drafts.set(key, { value: copy(value), updated_at: new Date().toISOString() })).then(() => undefined),
    draftDelete: (key) => answer(() => drafts.delete(key)).then(() => undefined),
    drafts: () => answer(() => [...drafts].map(([key, draft]) => ({ key, updated_at: draft.updated_at }))),
    picturePut: async (data) => {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      const name = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      return write(() => {
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
      // Asked for by hand, a line that was only slow answers.
      if (contact === 'offline') contact = null
      if (!contact && session.lease_over) changeSession({ ...session, lease_over: false })
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
      if (!contact) status = { ...status, last_check: new Date().toISOString() }
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
    mutationResend: (uid, args) => write(() => {
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
