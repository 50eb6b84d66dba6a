// What a script's file ends with is its value.
({ quote: (text) => `“${text}”` });
