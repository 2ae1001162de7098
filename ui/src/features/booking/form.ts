// The booking being taken, as it survives a kill, and what is still wrong with it. The engine checks all of it again.

import { uuidv7 } from '@/format/id'
import type { AppError, BookingRequest, FieldFault, Item } from '@/host'
import { newKey, type Row } from '../weigh/rows'
import { beginOf, timeIn } from './times'

/** What is asked, as typed. */
export interface Form {
  phone: string
  name: string
  division: string
  detail: string
  /** Coordinates known from an earlier visit; dropped when the address is changed. */
  place: { lng: string; lat: string } | null
  /** `2026-11-24`. */
  day: string
  /** Begin of the slot. */
  start: string
  note: string
}

/** A booking under way; its identities are chosen when it is begun, so that it cannot be booked twice. */
export interface BookingDraft {
  v: 1
  appointment_id: string
  order_id: string
  form: Form
  rows: Row[]
}

/** The draft's key. */
export const BOOKING_DRAFT = 'booking'

const DETAIL_LEAST = 5

/** An empty form. */
export const blankForm = (day = ''): Form => ({ phone: '', name: '', division: '', detail: '', place: null, day, start: '', note: '' })

/** A new booking. */
export const blankBooking = (day = ''): BookingDraft => ({ v: 1, appointment_id: uuidv7(), order_id: uuidv7(), form: blankForm(day), rows: [] })

/** Whether anything was entered; the day is chosen from the start. */
export const begun = ({ form, rows }: Pick<BookingDraft, 'form' | 'rows'>): boolean =>
  rows.length > 0 || [form.phone, form.name, form.division, form.detail, form.start, form.note].some((text) => text.trim() !== '')

/** A stored draft of this form; anything else is none. */
export function readBooking(stored: unknown): BookingDraft | null {
  const draft = stored as Partial<BookingDraft> | null
  if (typeof draft !== 'object' || draft?.v !== 1 || typeof draft.form !== 'object' || !Array.isArray(draft.rows)) return null
  return {
    v: 1, appointment_id: draft.appointment_id ?? uuidv7(), order_id: draft.order_id ?? uuidv7(),
    form: { ...blankForm(), ...draft.form }, rows: draft.rows.map((row) => ({ ...row, key: newKey() })),
  }
}

/** Digits of a telephone number as people type and paste it: `138 0000-2046`, `+86 138…`. */
export const phoneDigits = (text: string): string => text.normalize('NFKC').replace(/[\s()-]/g, '').replace(/^(\+|00)86/, '')

/** A mainland mobile number. */
export const isMobile = (phone: string): boolean => /^1[3-9]\d{9}$/.test(phone)

/** What is wrong, in the order of the form. Goods have their faults at their lines. */
export function faultsOf(form: Form, rows: number, now: Date): FieldFault[] {
  const detail = [...form.detail.trim()].length
  const found: [string, string | false][] = [
    ['contact.phone', form.phone.trim() === '' ? 'required' : !isMobile(phoneDigits(form.phone)) && 'mobile'],
    ['contact.name', form.name.trim() === '' && 'required'],
    ['address.division', form.division === '' && 'required'],
    ['address.detail', detail === 0 ? 'required' : detail < DETAIL_LEAST && 'too_short'],
    ['appointment_time', form.start === '' ? 'required' : timeIn(form.day, form.start, now) === null && 'too_soon'],
    ['items', rows === 0 && 'required'],
  ]
  return found.flatMap(([field, code]) => (code ? [{ field, code }] : []))
}

/** The same as an error of the whole, for the top of the form; null where nothing is wrong. */
export const asError = (errors: FieldFault[]): AppError | null => (errors.length > 0 ? { code: 'validation_failed', field: null, errors } : null)

/** What to send. */
export function requestOf(draft: Pick<BookingDraft, 'appointment_id' | 'order_id' | 'form'>, items: Item[], now: Date): BookingRequest {
  const { form } = draft
  const note = form.note.trim()
  return {
    appointment_id: draft.appointment_id, order_id: draft.order_id,
    contact: { name: form.name.trim(), phone: phoneDigits(form.phone) },
    address: { division: form.division, detail: form.detail.trim(), ...form.place },
    appointment_time: (timeIn(form.day, form.start, now) ?? beginOf(form.day, form.start)).toISOString(),
    items, ...(note ? { note } : {}),
  }
}
