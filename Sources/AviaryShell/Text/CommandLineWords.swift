/// Cuts a line into words: at spaces, but not between quotes, single or double.
///
/// A quote within a word of the other kind is a character like others; one that is not closed
/// runs to the end of the line. A comment is a line that begins with `#`.
func commandLineWords(_ line: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isWord = false
    var quote: Character?
    for character in line {
        if let open = quote {
            if character == open { quote = nil } else { word.append(character) }
        } else if character == "'" || character == "\"", !isWord {
            quote = character
            isWord = true
        } else if character == " " || character == "\t" {
            if isWord { words.append(word) }
            word = ""
            isWord = false
        } else {
            word.append(character)
            isWord = true
        }
    }
    if isWord { words.append(word) }
    return words.first?.hasPrefix("#") == true ? [] : words
}
