export default {
  title: '价目', search: '品名、代码、拼音首字母', version: '第 {version} 版', since: '{time} 起执行', city: '{city}', hash: '校验码 {hash}', stale: '这版价目已被取代，请联网更新', items: '{n} 个品类',
  code: '代码', name: '品名', base_price: '基价', per_kg: '元/千克', per_piece: '元/台件', factors: '调价规则', no_factors: '无', none_match: '没有符合的品类', clear: '清除搜索', per_jin: '{price} 元/斤',
  condition: { eq: '是 {operand}', ne: '不是 {operand}', in: '是 {operand}', not_in: '不是 {operand}', lt: '小于 {operand}', lte: '不大于 {operand}', gt: '大于 {operand}', gte: '不小于 {operand}', between: '在 {low} 到 {high} 之间', exists: '已填写', yes: '（是）', no: '（否）' },
  operation: { multiply: '单价 × {value}', add: '单价加 {value} 元', subtract: '单价减 {value} 元', set: '单价定为 {value} 元', at_least: '单价不低于 {value} 元', at_most: '单价不高于 {value} 元' },
  sentence: '{field}{condition}：{operation}', with_reason: '{sentence}（{reason}）', or: ' 或 ',
}
