// Invented people, places and visits for the demo host: one collector's day at one station.

import demoBook from '../../../../domain/data/demo-price-book.json'
import { fen, yuan } from '@/format/money'
import { cityDay, cityTime } from '@/format/city'
import { addDays, localDay } from '@/format/time'
import { uuidv7 } from '@/format/id'
import type { Appointment, AppointmentStatus, BookView, Item, Order, Quote, RowSync, Staff, Station } from '../types'
import { priceLine, type Rule } from './pricing'

/** An appointment (none for a ticket) with its order. */
export interface Visit {
  appointment: Appointment | null
  order: Order
  sync: RowSync
}

export const RULES = demoBook.rules as unknown as Rule[]

/** The demo book as the price screen sees it. */
export const BOOK: BookView = {
  city_name: '杭州市',
  book: { city: demoBook.city, version: demoBook.version, hash: demoBook.hash },
  effective_from: demoBook.effective_from,
  stale: false,
  rules: demoBook.rules,
  catalogue: RULES.map((rule) => ({
    category: rule.category,
    name: rule.name ?? rule.category,
    name_en: rule.name_en ?? rule.category,
    code: rule.code ?? '',
    pinyin: rule.pinyin ?? '',
    unit: rule.unit,
    base_price: rule.base_price,
    attributes: (rule.attributes ?? []).map((a) => ({
      field: a.field,
      label: a.label,
      label_en: a.label_en ?? a.label,
      type: a.type,
      unit: a.unit ?? null,
      choices: (a.choices ?? []).map((c) => (typeof c === 'string' ? { value: c, label: c, label_en: c } : { label_en: c.label, ...c })),
    })),
  })),
}

export const STATIONS: Station[] = [
  { id: '0193a000-0000-7000-8000-000000000001', version: 1, code: 'chengxi', name: '城西站', city: '330100', address: '西湖区古墩路 701 号', divisions: ['330106', '330105'] },
  { id: '0193a000-0000-7000-8000-000000000002', version: 1, code: 'binjiang', name: '滨江站', city: '330100', address: '滨江区江南大道 3888 号', divisions: ['330108'] },
]
const staff = (n: number, username: string, name: string, role: Staff['role'], active = true): Staff => ({
  id: `0193a000-0000-7000-8000-0000000001${String(n).padStart(2, '0')}`, version: 1, username, name, role, station_id: role === 'admin' ? null : (STATIONS[0]?.id ?? null), active,
})
export const STAFF: Staff[] = [
  staff(1, 'zhang', '张师傅', 'collector'),
  staff(2, 'li', '李师傅', 'collector'),
  staff(3, 'station1', '周敏', 'station'),
  staff(4, 'dispatch', '吴调度', 'dispatcher'),
  staff(5, 'admin', '管理员', 'admin'),
  staff(6, 'sun', '孙师傅', 'collector', false),
]

const PEOPLE = [
  ['王女士', '13800002046', '文三路 90 号 3 幢 2 单元 501', '330106'],
  ['陈建国', '13957118820', '翠苑一区 12 幢 4 单元 302', '330106'],
  ['欧阳娜娜·阿依古丽·买买提江女士（请先打电话，婴儿在睡觉）', '15168339921', '蒋村街道西溪蝶园二期 15 幢 1 单元 1502 室，从北门进，电梯需要刷卡，请在保安亭登记后由保安代刷', '330106'],
  ['刘先生', '18868801234', '莫干山路 110 号华龙商务大厦 8 层', '330105'],
  ['赵阿姨', '13588776655', '德胜新村 31 幢 3 单元 201', '330105'],
  ['𠮷田商店', '13777880099', '教工路 198 号 1 层', '330106'],
  ['孙倩', '15067123456', '古墩路 588 号金地自在城 7 幢 2 单元 1101', '330106'],
  ['杭州市西湖区翠苑第二小学后勤处', '13906512233', '翠苑新村 3 区 1 号', '330106'],
  ['何师母', '13805741122', '浙大求是村 24 幢 5 单元 102', '330106'],
  ['David Chen', '18605710042', '黄龙时代广场 B 座 1808', '330106'],
  ['林小姐', '15858191919', '申花路 789 号剑桥公社 C 座', '330105'],
  ['徐老板', '13616507788', '勾庄农副产品物流中心 6 区 18 号', '330105'],
] as const
const DISTRICTS: Record<string, string> = { '330105': '浙江省杭州市拱墅区', '330106': '浙江省杭州市西湖区', '330108': '浙江省杭州市滨江区' }

/** Province, city and district in words. */
export const divisionName = (code: string): string => DISTRICTS[code] ?? code

const GOODS: Item[][] = [
  [{ category: 'paper/cardboard', quantity: '25', attributes: { moisture: '8' } }, { category: 'electronic/fridge', quantity: '1', attributes: { volume_l: '220' } }],
  [{ category: 'paper/newspaper', quantity: '40' }],
  [{ category: 'electronic/washer', quantity: '1' }, { category: 'metal/iron', quantity: '15' }, { category: 'plastic/pet', quantity: '6' }],
  [{ category: 'electronic/computer', quantity: '3' }],
  [{ category: 'textile/winter', quantity: '12' }, { category: 'paper/mixed', quantity: '8' }],
  [{ category: 'metal/copper', quantity: '4.5' }, { category: 'metal/aluminium', quantity: '9' }],
].map((items) => items.filter((item) => RULES.some((rule) => rule.category === item.category)))
const ALL_STATES: AppointmentStatus[] = [2, 4, 1, 1, 0, 1, 0, 1, 1, 3, 1, 0]

/** A quote of goods by the demo book; lines that cannot be priced are left out. */
export function quoteOf(items: Item[], kind: Quote['kind'], at: string, extra: Partial<Quote> = {}): Quote {
  const lines = items.flatMap((item) => priceLine(RULES, item).line ?? [])
  const total = lines.reduce((sum, line) => sum + fen(line.amount), 0n)
  const due = (extra.adjustments ?? []).reduce((sum, a) => sum + fen(a.amount), total)
  return { id: uuidv7(), kind, book: BOOK.book, items, lines, total: yuan(total), adjustments: [], due: yuan(due), created_at: at, ...extra }
}

const SLOTS = [['08:00', '10:00'], ['10:00', '12:00'], ['14:00', '16:00'], ['16:00', '18:00']] as const

/** Days, people and goods for `count` appointments from today on, `perDay` a day. */
export function makeVisits(count: number, perDay = 12, now = new Date()): Visit[] {
  return Array.from({ length: count }, (_, i) => appointmentVisit(i, perDay, now))
}

function appointmentVisit(i: number, perDay: number, now: Date): Visit {
  const day = addDays(cityDay(now), Math.floor(i / perDay))
  const [start, end] = SLOTS[Math.min(3, Math.floor(((i % perDay) / perDay) * 4))] ?? SLOTS[0]
  const [name, phone, detail, division] = PEOPLE[i % PEOPLE.length] ?? PEOPLE[0]
  const items = GOODS[i % GOODS.length] ?? []
  const status: AppointmentStatus = i < perDay ? (ALL_STATES[i % ALL_STATES.length] ?? 1) : i % 3 === 0 ? 0 : 1
  const at = cityTime(day, start).toISOString()
  const booked = new Date(now.getTime() - 86_400_000).toISOString()
  const [id, orderId] = [uuidv7(), uuidv7()]
  const assignee = i % 7 === 6 ? null : (STAFF[i % 5 === 4 ? 1 : 0]?.id ?? null)
  const order = newOrder(orderId, id, i, booked)
  order.collector = assignee
  const visit: Visit = {
    appointment: {
      id, order_id: orderId, version: 1, status, user_id: uuidv7(), station_id: order.station_id, assignee, city: '330100', items,
      address: { division, detail, lng: '120.1280', lat: '30.2790' }, contact: { name, phone }, appointment_time: at,
      slot: { date: day, start, end }, estimate: quoteOf(items, 'estimate', booked), channel: null,
      note: i % 4 === 0 ? '有电梯，纸箱已捆好' : '', photos: [], created_at: booked, updated_at: booked,
    },
    order,
    sync: i === 1 ? 'pending' : 'synced',
  }
  finish(visit, i)
  return visit
}

function finish(visit: Visit, i: number): void {
  const { appointment, order } = visit
  if (!appointment) return
  const at = appointment.appointment_time
  if (appointment.status === 2 || appointment.status === 4) appointment.started_at = at
  if (appointment.status === 2) {
    weighed(order, weighedItems(appointment.items), at)
    order.acceptances.push({ quote_id: order.current_quote ?? '', by: 'signature', at })
    pay(order, at)
    appointment.completed_at = at
  }
  if (appointment.status === 3) {
    appointment.cancellation = { by: 'customer', reason: 'customer_request', text: '改天再约', at }
    order.status = 3
  }
  if (i === 3) appointment.reviews = [{ code: 'rescheduled_meanwhile', at }]
}

const weighedItems = (items: Item[]): Item[] =>
  items.map((item) => {
    const rule = RULES.find((r) => r.category === item.category)
    if (rule?.unit !== 'kg') return item
    const { quantity: asked, ...rest } = item
    return { ...rest, weighing: { gross: yuan(fen(asked) + 120n), tare: '1.20', deductions: [{ kind: 'moisture', percent: '3' }], source: 'scale' } }
  })

function weighed(order: Order, items: Item[], at: string): void {
  const quote = quoteOf(items, 'final', at)
  order.quotes.push({ quote, by: STAFF[0]?.id ?? '', at })
  order.current_quote = quote.id
  order.due = quote.due
  order.weighed_at = at
}

function pay(order: Order, at: string): void {
  order.payments.push({ payment_id: uuidv7(), method: 'cash', amount: order.due, at, by: STAFF[0]?.id ?? '' })
  order.status = 1
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** An order without goods yet. */
export function newOrder(id: string, appointmentId: string | null, i: number, at: string): Order {
  const day = localDay(new Date(at)).replaceAll('-', '')
  const code = Array.from({ length: 8 }, (_, k) => CROCKFORD[(i * 7919 + k * 104_729 + i * k * 31) % 32]).join('')
  return {
    id, appointment_id: appointmentId, order_no: `HS-${day}-${code}`, version: 1, status: 0, user_id: null,
    station_id: STATIONS[0]?.id ?? '', collector: null, quotes: [], current_quote: null, due: '0.00', payments: [], refunds: [],
    acceptances: [], weighed_at: null, reviews: [], channel: null, channel_order_id: null, created_at: at, updated_at: at,
  }
}

/** Walk-in tickets of the last days. */
export function makeTickets(count: number, now = new Date()): Visit[] {
  return Array.from({ length: count }, (_, i) => {
    const at = new Date(now.getTime() - (i + 1) * 1_700_000).toISOString()
    const order = newOrder(uuidv7(), null, i + 500, at)
    weighed(order, weighedItems(GOODS[(i + 1) % GOODS.length] ?? []), at)
    pay(order, at)
    order.status = i % 6 === 5 ? 3 : 2
    if (order.status === 3) order.void_reason = '品类录错，重新开单'
    if (i % 3 === 0) order.seller = { name: PEOPLE[(i + 4) % PEOPLE.length]?.[0] ?? '', phone: PEOPLE[(i + 4) % PEOPLE.length]?.[1] ?? '' }
    return { appointment: null, order, sync: i === 0 ? 'pending' : 'synced' } satisfies Visit
  })
}
