import { describe, expect, it } from 'vitest'
import { decimal, readAnswer, readFen, readPercent, readPieces, readWeight, toSend } from './numbers'

describe('weights as people type and paste them', () => {
  it.each([
    ['52.40', '52.4'], ['3斤', '1.5'], ['3 斤', '1.5'], ['１２．５', '12.5'], ['5kg', '5'], ['5 公斤', '5'], ['1.2吨', '1200'], ['500g', '0.5'],
    ['1两', '0.05'], ['1斤', '0.5'], ['0.3斤', '0.15'], ['1,234.5', '1234.5'], ['.5', '0.5'], ['7.', '7'], ['007', '7'], ['0', '0'], ['1克', '0.001'],
  ])('%s is %s kg', (typed, kilograms) => {
    expect(readWeight(typed)).toBe(kilograms)
  })

  it.each(['', 'abc', '-3', '1.2.3', '3尺', '斤', '1e5'])('%s is no weight', (typed) => {
    expect(readWeight(typed)).toBeNull()
  })

  it('never passes through a floating point number', () => {
    expect(readWeight('99999999999.123456')).toBe('99999999999.123456')
    expect(readWeight('0.1斤')).toBe('0.05')
  })
})

it('percent, counts and answers may carry their sign', () => {
  expect(readPercent('3%')).toBe('3')
  expect(readPercent('３％')).toBe('3')
  expect(readAnswer('220L', 'L')).toBe('220')
  expect(readAnswer('1.5匹', '匹')).toBe('1.5')
  expect(readAnswer('x', null)).toBeNull()
  expect(readPieces('2台')).toBe('2')
})

describe('amounts', () => {
  it.each([['174.63', 17463n], ['¥1,234.5', 123450n], ['-3', -300n], ['20元', 2000n], ['.5', 50n], ['0', 0n], ['-¥2.5', -250n]])('%s are %d fen', (text, value) => {
    expect(readFen(text)).toBe(value)
  })
  it.each(['', 'abc', '1.234', '--1', '.'])('%s is none', (text) => expect(readFen(text)).toBeNull())
})

it('an unreadable text goes to the engine as it stands, an empty one not at all', () => {
  expect(toSend('abc', readWeight)).toBe('abc')
  expect(toSend('  ', readWeight)).toBeUndefined()
  expect(toSend('3斤', readWeight)).toBe('1.5')
})

it('a decimal keeps its value without superfluous zeros', () => {
  expect(decimal('0012.3400')).toBe('12.34')
  expect(decimal('.')).toBeNull()
})
