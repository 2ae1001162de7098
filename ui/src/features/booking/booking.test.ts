// Booking on the telephone and estimating again, as a person does it, over the demo engine.

import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { VueWrapper } from '@vue/test-utils'
import { RouterView, type Router } from 'vue-router'
import { host, type AppointmentRow, type Host } from '@/host'
import { addDays, localDay } from '@/format/time'
import { useSession } from '@/stores/session'
import { mounted, startDemo, until } from '../../../tests/mounting'
import { findDivisions, loadDivisions, readDivisions, servedBy } from './divisions'
import { begun, blankBooking, blankForm, BOOKING_DRAFT, faultsOf, phoneDigits, readBooking, requestOf } from './form'
import { initials } from './initials'
import { lastDay, nearDays, open, slotText, timeIn } from './times'

const ALL = { from: null, to: null, query: '', statuses: [], assignee: null }
const noon = new Date('2026-11-24T12:10:00+08:00')
const station = (name: string, divisions: string[]) => ({ id: name, version: 1, code: name, name, city: '330100', address: '', divisions })

describe('districts', () => {
  const all = readDivisions(readFileSync('../domain/data/divisions.txt', 'utf8'))
  const names = (typed: string, stations = [station('城西站', ['330106', '330105'])]) => findDivisions(all, typed, stations).map((d) => d.name)

  it('are those an address may carry, with what is above them', () => {
    expect(all.find((d) => d.code === '330106')?.path).toBe('浙江省杭州市西湖区')
    expect(all.some((d) => d.code.endsWith('0000'))).toBe(false)
    expect(all.find((d) => d.name === '东莞市')?.code).toBe('441900')
    expect(all.every((d) => !d.path.includes('行政区划'))).toBe(true)
  })

  it('are found by initials, name or code, those served here first', () => {
    expect(initials('西湖区')).toBe('xhq')
    expect(initials('重庆市')).toBe('cqs')
    expect(names('xh')[0]).toBe('西湖区')
    expect(findDivisions(all, 'xhq', [station('a', ['360103'])])[0]?.code).toBe('360103')
    expect(names('拱墅')[0]).toBe('拱墅区')
    expect(names('330108')).toEqual(['滨江区'])
    expect(names('ＢＪ')[0]).toBe('滨江区')
    expect(names('没有这里')).toEqual([])
  })

  it('offer those served here before anything is typed', () => expect(names('')).toEqual(['拱墅区', '西湖区']))

  it('belong to the station that covers them most exactly', () => {
    const stations = [station('全市', ['330100']), station('城西站', ['330106'])]
    expect([servedBy(stations, '330106')?.name, servedBy(stations, '330108')?.name, servedBy(stations, '110101')]).toEqual(['城西站', '全市', null])
  })
})

describe('times', () => {
  it('begin with the slot, or at the first half hour that is an hour ahead', () => {
    expect(timeIn('2026-11-24', '14:00', noon)?.toISOString()).toBe('2026-11-24T06:00:00.000Z')
    expect(slotText('2026-11-24', '12:00', noon)).toBe('13:30–14:00')
    expect(timeIn('2026-11-24', '10:00', noon)).toBeNull()
    expect(timeIn('', '10:00', noon)).toBeNull()
  })

  it('leave a day out that has no slot left', () => {
    const late = new Date('2026-11-24T19:30:00+08:00')
    expect(open('2026-11-24', late)).toBe(false)
    expect(nearDays(late)[0]).toBe('2026-11-25')
    expect(nearDays(noon)[0]).toBe('2026-11-24')
  })

  it('reach one month ahead, on months of any length', () => {
    expect(lastDay(noon)).toBe('2026-12-24')
    expect(lastDay(new Date('2027-01-31T12:00:00+08:00'))).toBe('2027-02-28')
  })
})

describe('the form', () => {
  it('takes a number as it is typed or pasted', () => {
    expect(['138 0000-2046', '+86 13800002046', '１３８00002046'].map(phoneDigits)).toEqual(Array(3).fill('13800002046'))
  })

  it('names every fault in its order', () => {
    expect(faultsOf(blankForm('2026-11-24'), 0, noon).map((f) => f.field)).toEqual(['contact.phone', 'contact.name', 'address.division', 'address.detail', 'appointment_time', 'items'])
    const form = { ...blankForm('2026-11-24'), phone: '123', name: '王', division: '330106', detail: '文三路', start: '10:00' }
    expect(faultsOf(form, 1, noon)).toEqual([{ field: 'contact.phone', code: 'mobile' }, { field: 'address.detail', code: 'too_short' }, { field: 'appointment_time', code: 'too_soon' }])
  })

  it('survives a kill with its identities, and is no draft while nothing was entered', () => {
    const draft = blankBooking('2026-11-24')
    expect(begun(draft)).toBe(false)
    draft.form.name = '王女士'
    expect(begun(draft)).toBe(true)
    expect(readBooking(JSON.parse(JSON.stringify(draft)))).toEqual(draft)
    expect([null, 'junk', { v: 2 }, { v: 1, form: {} }].map(readBooking)).toEqual([null, null, null, null])
  })

  it('sends coordinates only with the address they came with', () => {
    const draft = blankBooking('2026-11-24')
    Object.assign(draft.form, { phone: '138 00002046', name: ' 王女士 ', division: '330106', detail: ' 文三路 90 号 ', start: '14:00', place: { lng: '120.1', lat: '30.2' } })
    const request = requestOf(draft, [], noon)
    expect(request).toMatchObject({ contact: { name: '王女士', phone: '13800002046' }, address: { division: '330106', detail: '文三路 90 号', lng: '120.1', lat: '30.2' } })
    expect(request.appointment_time).toBe('2026-11-24T06:00:00.000Z')
    expect(requestOf({ ...draft, form: { ...draft.form, place: null } }, [], noon).address).toEqual({ division: '330106', detail: '文三路 90 号' })
    expect('note' in request).toBe(false)
  })
})

describe('booking', () => {
  let page: VueWrapper
  afterEach(() => page.unmount())
  let router: Router
  const find = (id: string) => page.find(`[data-testid="${id}"]`)
  const at = (): HTMLElement => document.activeElement as HTMLElement
  const focused = (id: string) => until(() => at().dataset['testid'] === id)
  const settle = () => new Promise((resolve) => setTimeout(resolve, 70))
  async function type(text: string) {
    const field = at() as HTMLInputElement
    field.value = text
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await settle()
  }
  async function press(key: string, part: KeyboardEventInit = {}) {
    at().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...part }))
    await settle()
  }

  async function start(scenario = 'station', change?: (host: Host) => Partial<Host>) {
    await startDemo(scenario, change)
    const made = await mounted(RouterView, { at: '/today' })
    page = made.wrapper
    router = made.router
    await until(() => find('new-appointment').exists() || scenario === 'collector')
    await press('F2')
    await focused('booking-phone')
    await loadDivisions()
  }

  /** Everything but the goods, by keyboard alone. */
  async function fill() {
    await type('13912345678')
    await press('Enter')
    await focused('booking-name')
    await type('周先生')
    await press('Enter')
    await focused('booking-division')
    await type('xh')
    await press('Enter')
    await focused('booking-detail')
    await type('文三路 90 号 3 幢')
    await press('Enter')
    await press('ArrowRight')
    await press('Enter')
    await press('ArrowRight')
    await press('Enter')
    await focused('goods-input')
  }

  async function goods(code: string, quantity: string) {
    await type(code)
    await press('Enter')
    await until(() => at().dataset['testid']?.endsWith('-quantity') === true)
    await type(quantity)
    await press('Enter')
    await focused('goods-input')
  }

  it('is offered to those who plan, not to collectors', async () => {
    await startDemo()
    const made = await mounted(RouterView, { at: '/today' })
    page = made.wrapper
    await until(() => page.findAll('[data-testid="appointment-row"]').length > 0)
    expect(find('new-appointment').exists()).toBe(false)
    await press('F2')
    expect(made.router.currentRoute.value.name).toBe('today')
    await made.router.push('/appointments/new')
    await until(() => made.router.currentRoute.value.name === 'today')
  })

  it('goes from the telephone number to the appointment by keyboard alone', async () => {
    await start()
    await fill()
    await goods('11', '40斤')
    await goods('33', '10')
    await until(() => find('booking-total').text() === '¥40.00')
    expect(page.text()).toContain('由城西站上门')
    await press('Enter')
    await focused('booking-note')
    await type('有电梯')
    await press('Enter')
    await focused('booking-go')
    await press('Enter', { ctrlKey: true })
    await until(() => router.currentRoute.value.name === 'appointment')
    const { appointment } = await host().appointment(String(router.currentRoute.value.params['id']))
    const tomorrow = addDays(nearDays(new Date())[0] ?? '', 1)
    expect(appointment).toMatchObject({ contact: { name: '周先生', phone: '13912345678' }, address: { division: '330106' }, note: '有电梯', slot: { date: tomorrow, start: '10:00' } })
    expect(appointment.items).toEqual([{ category: 'paper/cardboard', quantity: '20' }, { category: 'metal/iron', quantity: '10' }])
    expect(appointment.estimate.due).toBe('40.00')
    expect(await host().draftGet(BOOKING_DRAFT)).toBeNull()
    await until(() => find('day').text().includes(String(Number(tomorrow.slice(8)))))
  })

  it('says each fault at its field and goes to the first', async () => {
    await start()
    await press('Enter', { ctrlKey: true })
    await until(() => find('form-errors').exists())
    await focused('booking-phone')
    expect(page.findAll('.field .error')).toHaveLength(4)
    expect(find('booking-time-fault').exists() && find('booking-items-fault').exists()).toBe(true)
    await type('13912345678')
    expect(page.findAll('.field .error')).toHaveLength(3)
  })

  it('shows what the engine refuses at the field, keeps what was typed, and books once', async () => {
    const told: string[] = []
    let failures = 1
    await start('station', (demo) => ({
      bookVisit: (request) => {
        told.push(request.appointment_id ?? '')
        return failures-- > 0 ? Promise.reject({ code: 'validation_failed', field: null, errors: [{ field: 'address.division', code: 'not_served' }] }) : demo.bookVisit(request)
      },
    }))
    await fill()
    await goods('11', '5')
    await press('Enter', { ctrlKey: true })
    await until(() => page.text().includes('不在服务范围内'))
    await focused('booking-division')
    expect((find('booking-name').element as HTMLInputElement).value).toBe('周先生')
    await press('Enter', { ctrlKey: true })
    await until(() => router.currentRoute.value.name === 'appointment')
    expect(told).toHaveLength(2)
    expect(told[0]).toBe(told[1])
  })

  it('knows who called before, and forgets it again', async () => {
    await start()
    await type('13800002046')
    await until(() => find('booking-known').exists())
    expect((find('booking-name').element as HTMLInputElement).value).toBe('王女士')
    expect((find('booking-division').element as HTMLInputElement).value).toBe('浙江省杭州市西湖区')
    await press('Enter')
    expect(at().dataset['field']).toBe('day')
    await find('booking-forget').trigger('click')
    expect((find('booking-name').element as HTMLInputElement).value).toBe('')
  })

  it('takes nothing of an earlier visit over what was typed', async () => {
    await start()
    await find('booking-name').setValue('王女士的母亲')
    await find('booking-phone').setValue('13800002046')
    await settle()
    await settle()
    expect(find('booking-known').exists()).toBe(false)
    expect((find('booking-name').element as HTMLInputElement).value).toBe('王女士的母亲')
  })

  it('finds an unfinished booking again after a kill; F2 begins anew and can be undone', async () => {
    await start()
    await fill()
    await goods('11', '5')
    await new Promise((resolve) => setTimeout(resolve, 200))
    page.unmount()
    const made = await mounted(RouterView, { at: '/appointments/new' })
    page = made.wrapper
    await until(() => find('draft-restored').exists())
    expect((find('booking-name').element as HTMLInputElement).value).toBe('周先生')
    expect((find('line-0-quantity').element as HTMLInputElement).value).toBe('5')
    await press('F2')
    expect((find('booking-name').element as HTMLInputElement).value).toBe('')
    const { useToasts } = await import('@/stores/toasts')
    await useToasts().toasts.at(-1)?.action?.run()
    await settle()
    expect((find('booking-name').element as HTMLInputElement).value).toBe('周先生')
  })

  it('is taken offline and says what that means; without prices it says so', async () => {
    await startDemo('offline', () => ({ sessionState: async () => ({ mode: 'signed_in', person: { id: 'x', username: 'x', name: 'x', role: 'station', station_id: null, station_name: null }, device_id: 'd', device_name: null, server: null, city: '330100', keyring: true, lease_over: false, wiped: null }) }))
    page = (await mounted(RouterView, { at: '/appointments/new' })).wrapper
    await until(() => find('booking-offline').exists())
    page.unmount()
    await startDemo('station', () => ({ book: () => Promise.reject({ code: 'no_book' }) }))
    page = (await mounted(RouterView, { at: '/appointments/new' })).wrapper
    await until(() => find('booking-no-book').exists())
  })
})

describe('under a lease that is over', () => {
  let page: VueWrapper | undefined
  afterEach(() => page?.unmount())

  it('nothing is booked, what was typed stays, and contact opens it again', async () => {
    await startDemo('station')
    const session = useSession()
    const [made, sent] = [await mounted(RouterView, { at: '/appointments/new' }), vi.spyOn(host(), 'bookVisit')]
    page = made.wrapper
    const find = (id: string) => made.wrapper.find(`[data-testid="${id}"]`)
    await until(() => find('booking-name').exists())
    await find('booking-name').setValue('周先生')
    session.state.lease_over = true
    await until(() => find('locked').exists())
    expect(find('locked').text()).toContain('不能预约')
    expect(find('booking-go').attributes('disabled')).toBeDefined()
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true }))
    await find('booking-go').trigger('click')
    expect(sent).not.toHaveBeenCalled()
    expect((find('booking-name').element as HTMLInputElement).value).toBe('周先生')
    session.state.lease_over = false
    await until(() => !find('locked').exists())
    expect(find('booking-go').attributes('disabled')).toBeUndefined()
  })

  it('no new estimate is made', async () => {
    const demo = await startDemo()
    const session = useSession()
    const row = (await demo.appointments(ALL)).find((r) => r.status === 1 && r.categories.length === 2 && r.time >= localDay(new Date()))
    const [made, sent] = [await mounted(RouterView, { at: `/appointments/${row?.id}` }), vi.spyOn(host(), 'estimate')]
    page = made.wrapper
    const find = (id: string) => made.wrapper.find(`[data-testid="${id}"]`)
    await until(() => find('action-estimate').exists())
    await find('action-estimate').trigger('click')
    await until(() => find('line-0-quantity').exists())
    session.state.lease_over = true
    await until(() => find('locked').exists())
    expect(find('estimate-go').attributes('disabled')).toBeDefined()
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true }))
    await find('estimate-go').trigger('click')
    expect(sent).not.toHaveBeenCalled()
  })
})

describe('estimating again', () => {
  let page: VueWrapper | undefined
  afterEach(() => page?.unmount())

  const rowOf = async (demo: Host, fits: (row: AppointmentRow) => boolean) => {
    const row = (await demo.appointments(ALL)).find(fits)
    if (!row) throw new Error('no such appointment')
    return row
  }

  async function start(status: number) {
    const demo = await startDemo()
    const row = await rowOf(demo, (r) => r.status === status && r.categories.length === 2 && r.time >= localDay(new Date()))
    const made = await mounted(RouterView, { at: `/appointments/${row.id}` })
    page = made.wrapper
    const find = (id: string) => made.wrapper.find(`[data-testid="${id}"]`)
    await until(() => find('appointment').exists())
    return { ...made, demo, row, find }
  }

  it('begins with the goods as booked and shows old, new and the difference', async () => {
    const { find, demo, row, router, wrapper } = await start(1)
    await find('action-estimate').trigger('click')
    await until(() => find('line-0-quantity').exists())
    const was = (await demo.appointment(row.id)).appointment
    expect((find('line-0-quantity').element as HTMLInputElement).value).toBe(was.items[0]?.quantity)
    expect(find('estimate-was').text()).toBe(`¥${was.estimate.due}`)
    await find('goods-input').setValue('33')
    await find('goods-input').trigger('keydown', { key: 'Enter' })
    await until(() => find('line-2-quantity').exists())
    await find('line-2-quantity').setValue('10')
    await until(() => find('estimate-gap').text() === '+¥18.00')
    await find('estimate-go').trigger('click')
    await until(() => router.currentRoute.value.name === 'appointment')
    const { appointment } = await demo.appointment(row.id)
    expect(appointment.items).toEqual([...was.items, { category: 'metal/iron', quantity: '10' }])
    await until(() => wrapper.text().includes(`¥${appointment.estimate.due}`))
    expect(await demo.draftGet(`estimate:${row.id}`)).toBeNull()
  })

  it('asks for a quantity before it is given', async () => {
    const { find, row, demo } = await start(1)
    const estimate = vi.spyOn(host(), 'estimate')
    await find('action-estimate').trigger('click')
    await until(() => find('line-0-quantity').exists())
    await find('line-0-quantity').setValue('')
    await find('estimate-go').trigger('click')
    await until(() => find('line-0-error').exists())
    expect(find('line-0-error').text()).toContain('大约')
    expect(estimate).not.toHaveBeenCalled()
    expect((await demo.appointment(row.id)).appointment.status).toBe(1)
  })

  it('is not offered once the goods are weighed', async () => {
    const { find } = await start(2)
    expect(find('action-estimate').exists()).toBe(false)
  })
})
