package impair

var ParseText = parseText
