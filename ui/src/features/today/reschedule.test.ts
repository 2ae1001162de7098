import { afterEach, describe, expect, it, vi } from 'vitest'
import { cityClock, cityDay, cityTime } from '@/format/city'
import type { AppointmentDetail, Host } from '@/host'
import { mounted, startDemo, until } from '../../../tests/mounting'
import RescheduleDialog from './RescheduleDialog.vue'

describe('the city’s clock', () => {
  it.each(['UTC', 'Asia/Shanghai', 'America/Los_Angeles', 'Pacific/Kiritimati'])('is the same on a computer in %s', (zone) => {
    vi.stubEnv('TZ', zone)
    const at = '2026-11-24T16:30:00.000Z'
    expect([cityDay(at), cityClock(at)]).toEqual(['2026-11-25', '00:30'])
    expect(cityTime('2026-11-25', '00:30').toISOString()).toBe(at)
  })
  afterEach(() => vi.unstubAllEnvs())
})

it('another time is meant by the city’s clock', async () => {
  let sent: Record<string, unknown> = {}
  const demo = await startDemo('dispatcher', (host: Host) => ({
    execute: (name, args) => {
      sent = args as Record<string, unknown>
      return host.execute(name, args)
    },
  }))
  const [row] = await demo.appointments({ from: null, to: null, statuses: [1], assignee: null, query: '' })
  const detail: AppointmentDetail = await demo.appointment(row?.id ?? '')
  const tomorrow = cityDay(new Date(Date.now() + 86_400_000))
  detail.appointment.appointment_time = cityTime(tomorrow, '14:30').toISOString()
  await mounted(RescheduleDialog, { props: { detail } })
  await until(() => document.querySelector('#reschedule-form') !== null)
  document.querySelector<HTMLFormElement>('#reschedule-form')?.requestSubmit()
  await until(() => 'appointment_time' in sent)
  expect(sent['appointment_time'], 'what was shown is what is sent').toBe(`${tomorrow}T06:30:00.000Z`)
})
