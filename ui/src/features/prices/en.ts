export default {
  title: 'Prices', search: 'Name, code or pinyin initials', version: 'Version {version}', since: 'in force since {time}', city: '{city}', hash: 'Check {hash}', stale: 'This book has been replaced; update it with a network', items: '{n} kinds',
  code: 'Code', name: 'Goods', base_price: 'Base price', per_kg: 'yuan/kg', per_piece: 'yuan each', factors: 'Adjustments', no_factors: 'None', none_match: 'No goods fit', clear: 'Clear the search', per_jin: '{price} yuan/jin',
  condition: { eq: 'is {operand}', ne: 'is not {operand}', in: 'is one of {operand}', not_in: 'is none of {operand}', lt: 'below {operand}', lte: 'at most {operand}', gt: 'above {operand}', gte: 'at least {operand}', between: 'from {low} to {high}', exists: 'is given', yes: 'is yes', no: 'is no' },
  operation: { multiply: 'unit price × {value}', add: 'unit price plus {value}', subtract: 'unit price minus {value}', set: 'unit price is {value}', at_least: 'unit price at least {value}', at_most: 'unit price at most {value}' },
  sentence: '{field} {condition}: {operation}', with_reason: '{sentence} ({reason})', or: ' or ',
}
