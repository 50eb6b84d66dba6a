(list) => list.reduce((all, one) => ({ ...all, [one]: 1 }), {})
