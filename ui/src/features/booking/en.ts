export default {
  title: 'New appointment', new: 'New', go: 'Book', who: 'Customer and address', slot: 'Slot', other_day: 'Other day', goods: 'Goods and estimate', estimate: 'Estimate',
  division_hint: 'District by name, pinyin initials (xh) or code', no_division: 'No district matches “{query}”', detail_hint: 'Street, estate, building, door; at least 5 characters',
  served_by: 'Served by {station}', not_served: 'No station known here serves this district; the booking may be refused.',
  time_hint: 'Arrow keys choose, Enter moves on. The server has the last word on places.', teach: 'Type a code, pinyin initials or a name and press Enter, then about how much. Enter on the empty line goes to the note.', needs_goods: 'Please add at least one kind of goods.',
  known: 'Called before, last on {day}. Name and address are filled in.', known_open: 'Has an appointment on {day} already. Name and address are filled in.', forget: 'Clear', started_over: 'Cleared; start over',
  offline: 'Offline now: the booking is kept here and sent once there is a network; only then is it known whether the slot has a place.', done: 'Booked for {time}: {name}',
  again: {
    title: 'Estimate again', go: 'Give the new estimate', before: 'Estimate so far', was: 'Before', is: 'New', done: 'New estimate {amount}: {name}', prices: 'Prices went from version {was} to {is}: the same goods may cost otherwise.',
    closed: 'The estimate can no longer be changed: the goods are weighed, the visit is over, or it is not yours.', offline: 'Offline now: the customer sees the new estimate once there is a network.',
  },
}
