import { describe, expect, it } from 'vitest'
import { useSession } from '@/stores/session'
import { mounted, startDemo, until } from '../../../tests/mounting'
import SignInScreen from './SignInScreen.vue'

describe('signing in', () => {
  it('registers a new device, with every empty field named at once', async () => {
    await startDemo('new')
    const { wrapper } = await mounted(SignInScreen, { at: '/sign-in' })
    await wrapper.get('form').trigger('submit')
    expect(wrapper.get('[data-testid="form-errors"]').text()).toContain('有 5 处')
    expect(wrapper.findAll('[aria-invalid="true"]')).toHaveLength(5)
    const values = { server: 'http://127.0.0.1:8080', 'pairing-code': '7K2M9Q', 'device-name': '城西 3 号', username: 'zhang', password: 'secret' }
    for (const [name, value] of Object.entries(values)) await wrapper.get(`input[data-testid="${name}"]`).setValue(value)
    await wrapper.get('form').trigger('submit')
    await until(() => useSession().state.mode === 'signed_in')
    expect(useSession().state.device_name).toBe('城西 3 号')
  })

  it('says what is wrong with the pairing code, at its field', async () => {
    await startDemo('new')
    const { wrapper } = await mounted(SignInScreen, { at: '/sign-in' })
    const values = { server: 'http://x', 'pairing-code': '000000', 'device-name': 'd', username: 'u', password: 'p' }
    for (const [name, value] of Object.entries(values)) await wrapper.get(`input[data-testid="${name}"]`).setValue(value)
    await wrapper.get('form').trigger('submit')
    await until(() => wrapper.findAll('[aria-invalid="true"]').length === 1)
    expect(wrapper.get('[data-testid="form-errors"]').text()).toContain('配对码')
  })

  it('asks a registered device only for name and password', async () => {
    await startDemo('signed-out')
    const { wrapper } = await mounted(SignInScreen, { at: '/sign-in' })
    expect(wrapper.findAll('input')).toHaveLength(2)
    await wrapper.get('input[data-testid="username"]').setValue('zhang')
    await wrapper.get('input[data-testid="password"]').setValue('wrong')
    await wrapper.get('form').trigger('submit')
    await until(() => wrapper.find('[data-testid="form-errors"]').exists())
    expect(wrapper.get('[data-testid="form-errors"]').text()).toContain('用户名或密码不对')
  })

  it('enters practice without any server', async () => {
    await startDemo('new')
    const { wrapper } = await mounted(SignInScreen, { at: '/sign-in' })
    await wrapper.get('[data-testid="practice"]').trigger('click')
    await until(() => useSession().practice)
  })
})
