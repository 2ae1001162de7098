// Today as a person uses it, over the demo engine.

import { describe, expect, it } from 'vitest'
import { RouterView } from 'vue-router'
import { mounted, startDemo, until } from '../../../tests/mounting'
import { primaryAction } from './actions'
import AppointmentPane from './AppointmentPane.vue'

const ALL = { from: null, to: null, query: '', statuses: [], assignee: null }

async function today(scenario?: string) {
  const host = await startDemo(scenario, (demo) => ({
    appointments: async (filter) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return demo.appointments(filter)
    },
  }))
  const { wrapper, router } = await mounted(RouterView, { at: '/today' })
  return { host, wrapper, router }
}

describe('Today', () => {
  it('shows skeletons, then the rows of the day with masked phones', async () => {
    const { wrapper } = await today()
    expect(wrapper.find('[data-testid="skeleton"]').exists()).toBe(true)
    await until(() => wrapper.findAll('[data-testid="appointment-row"]').length > 0)
    expect(wrapper.text()).toContain('王女士')
    expect(wrapper.text()).toContain('138****2046')
    expect(wrapper.text()).not.toContain('13800002046')
  })

  it('filters by state and says so when nothing fits', async () => {
    const { wrapper } = await today()
    await until(() => wrapper.findAll('[data-testid="appointment-row"]').length > 0)
    await wrapper.get('[data-testid="chip-3"]').trigger('click')
    await until(() => wrapper.findAll('[data-testid="appointment-row"]').length === 1)
    expect(JSON.parse(localStorage.getItem('huishou.view.today') ?? '{}').statuses).toEqual([3])
  })

  it('has a picture and one action when the day is empty, words and a retry when it cannot be read', async () => {
    const empty = await today('empty')
    await until(() => empty.wrapper.find('[data-testid="empty"]').exists() && empty.wrapper.text().includes('没有预约'))
    expect(empty.wrapper.get('[data-testid="empty-action"]').text()).toBe('现在同步')
    const failing = await today('error')
    await until(() => failing.wrapper.find('[role="alert"]').exists())
    expect(failing.wrapper.get('[role="alert"]').text()).toContain('本机数据读写失败')
  })

  it('shows 10,000 rows by few nodes', async () => {
    const { wrapper } = await today('many')
    await until(() => wrapper.findAll('[data-testid="appointment-row"]').length > 0)
    expect(wrapper.findAll('[data-testid="appointment-row"]').length).toBeLessThan(40)
    expect(wrapper.get('[role="listitem"]').attributes('aria-setsize')).toMatch(/^100\d\d$/)
  })
})

describe('an appointment', () => {
  async function pane(status: number, scenario?: string) {
    const host = await startDemo(scenario)
    const row = (await host.appointments(ALL)).find((r) => r.status === status)
    if (!row) throw new Error('no such appointment')
    const { wrapper, router } = await mounted(AppointmentPane, { props: { id: row.id } })
    await until(() => wrapper.find('[data-testid="appointment"]').exists())
    return { host, wrapper, router, row }
  }

  it('is started by its primary action, then leads to the weighing', async () => {
    const { host, wrapper, row, router } = await pane(1)
    await wrapper.get('[data-testid="action-start"]').trigger('click')
    await until(() => wrapper.find('[data-testid="action-weigh"]').exists())
    expect((await host.appointment(row.id)).appointment.status).toBe(4)
    if (router.hasRoute('weigh')) {
      await wrapper.get('[data-testid="action-weigh"]').trigger('click')
      await until(() => router.currentRoute.value.name === 'weigh')
    }
  })

  it('is cancelled only with a reason', async () => {
    const { host, wrapper, row } = await pane(1)
    await wrapper.get('[data-testid="action-cancel"]').trigger('click')
    await until(() => document.querySelector('[data-testid="cancel-go"]') !== null)
    const form = document.querySelector<HTMLFormElement>('#cancel-form')
    form?.requestSubmit()
    await until(() => document.body.textContent?.includes('请选择原因') === true && document.querySelector('.fault') !== null)
    document.querySelector<HTMLInputElement>('[data-testid="reason-not_home"] input')?.click()
    form?.requestSubmit()
    await until(() => wrapper.find('[data-testid="cancellation"]').exists())
    expect((await host.appointment(row.id)).appointment.cancellation?.reason).toBe('not_home')
    expect(wrapper.get('[data-testid="cancellation"]').text()).toContain('客户不在家')
  })

  it('offers assignment to those who plan, not to collectors', async () => {
    expect((await pane(1)).wrapper.find('[data-testid="action-assign"]').exists()).toBe(false)
    expect((await pane(1, 'dispatcher')).wrapper.find('[data-testid="action-assign"]').exists()).toBe(true)
  })

  it('has one next step in each state', async () => {
    const host = await startDemo()
    const steps: Record<number, string | null> = {}
    for (const row of await host.appointments(ALL)) steps[row.status] = primaryAction(await host.appointment(row.id))
    expect(steps).toEqual({ 0: 'start', 1: 'start', 2: null, 3: null, 4: 'weigh' })
  })
})
