import { describe, expect, it } from 'vitest'
import { setLanguage } from '@/i18n'
import { useCatalogue } from '@/stores/catalogue'
import { mounted, startDemo, until } from '../../../tests/mounting'
import { factorWords } from './factors'
import PricesScreen from './PricesScreen.vue'

describe('the price book', () => {
  it('says every factor in words, with no name of a rule left over', async () => {
    await startDemo()
    const { book } = useCatalogue()
    for (const language of ['zh', 'en'] as const) {
      setLanguage(language)
      const words = (book?.catalogue ?? []).flatMap((item) => factorWords(book?.rules ?? [], item))
      expect(words.length).toBeGreaterThan(20)
      expect(words.filter((sentence) => /prices\.|multiply|undefined|\{|gte|between\b.*\[/.test(sentence))).toEqual([])
    }
    setLanguage('zh')
    const cardboard = book?.catalogue.find((item) => item.code === '11')
    expect(cardboard && factorWords(book?.rules ?? [], cardboard)[0]).toBe('含水率大于 10 %：单价 × 0.90（受潮）')
  })

  it('finds goods by code, initials and name', async () => {
    await startDemo()
    const catalogue = useCatalogue()
    expect(catalogue.find('11')[0]?.name).toBe('黄板纸')
    expect(catalogue.find('hbz')[0]?.name).toBe('黄板纸')
    expect(catalogue.find('冰箱').length).toBeGreaterThan(0)
    expect(catalogue.find('zzzz')).toEqual([])
  })

  it('shows version and prices, and what is wrong where there is no book', async () => {
    await startDemo()
    const { wrapper } = await mounted(PricesScreen)
    expect(wrapper.findAll('[data-testid="price-row"]').length).toBe(useCatalogue().book?.catalogue.length)
    expect(wrapper.text()).toContain('第 1 版')
    await startDemo('error')
    const failing = await mounted(PricesScreen)
    await until(() => failing.wrapper.find('[role="alert"]').exists())
    expect(failing.wrapper.text()).toContain('还没有价目表')
  })
})
