// Phone bookings of the demo host: the rules of a booking as far as screens meet them.

import { uuidv7 } from '@/format/id'
import type { BookingRequest, FieldFault, Slot } from '../types'
import { newOrder, quoteOf, RULES, STATIONS, type Visit } from './data'
import { priceLine } from './pricing'

const HOUR = 3_600_000
const two = (hour: number): string => `${String(hour).padStart(2, '0')}:00`

/** China's slot of two hours that an instant lies in. */
export function slotOf(at: Date): Slot {
  const china = new Date(at.getTime() + 8 * HOUR).toISOString()
  const hour = Math.floor(Number(china.slice(11, 13)) / 2) * 2
  return { date: china.slice(0, 10), start: two(hour), end: two(hour + 2) }
}

const serves = (division: string) => STATIONS.find((station) => station.divisions.includes(division))

/** Every bad field, in the order of the form. */
export function bookingFaults({ items, address, contact, appointment_time }: BookingRequest): FieldFault[] {
  const faults: FieldFault[] = items.flatMap((item, i) => {
    const { error, field } = priceLine(RULES, item)
    return error ? [{ field: `items[${i}].${field ?? ''}`, code: error }] : []
  })
  const add = (field: string, code: string | false) => void (code && faults.push({ field, code }))
  add('items', items.length === 0 && 'required')
  add('address.division', !serves(address.division) && 'not_served')
  add('address.detail', [...address.detail.trim()].length < 5 && 'too_short')
  add('contact.name', contact.name.trim() === '' && 'required')
  add('contact.phone', !/^1[3-9]\d{9}$/.test(contact.phone) && 'mobile')
  add('appointment_time', new Date(appointment_time).getTime() < Date.now() + HOUR && 'too_soon')
  return faults
}

/** The visit that a booking makes. */
export function newBooking(request: BookingRequest, count: number): Visit {
  const at = new Date().toISOString()
  const [id, orderId] = [request.appointment_id ?? uuidv7(), request.order_id ?? uuidv7()]
  const order = newOrder(orderId, id, count, at)
  order.station_id = serves(request.address.division)?.id ?? order.station_id
  return {
    appointment: {
      id, order_id: orderId, version: 1, status: 0, user_id: null, station_id: order.station_id, assignee: null, city: '330100',
      items: request.items, address: request.address, contact: request.contact, appointment_time: request.appointment_time,
      slot: slotOf(new Date(request.appointment_time)), estimate: quoteOf(request.items, 'estimate', at), channel: null, note: request.note ?? '',
      photos: [], created_at: at, updated_at: at,
    },
    order, sync: 'pending',
  }
}
