package org.json

class JSONException(message: String) : Exception(message)

class JSONArray(private val items: List<Any?>) {
    fun length() = items.size
    fun getJSONObject(index: Int): JSONObject = items[index] as JSONObject
}

class JSONObject() {
    private val fields = LinkedHashMap<String, Any?>()

    @Throws(JSONException::class)
    constructor(text: String) : this() {
        val value = Parser(text).value() as? JSONObject ?: throw JSONException("not an object")
        fields.putAll(value.fields)
    }

    fun put(name: String, value: Any?) = apply { fields[name] = value }
    fun isNull(name: String) = fields[name] == null
    fun keys(): Iterator<String> = fields.keys.iterator()
    fun optString(name: String): String = if (fields.containsKey(name)) fields[name].toString() else ""
    fun optBoolean(name: String): Boolean = fields[name] == true
    fun optLong(name: String): Long = (fields[name] as? Number)?.toLong() ?: 0
    fun optJSONObject(name: String) = fields[name] as? JSONObject
    fun optJSONArray(name: String) = fields[name] as? JSONArray
    fun getJSONObject(name: String): JSONObject = optJSONObject(name) ?: throw JSONException("no $name")
    fun getString(name: String): String = fields[name] as? String ?: throw JSONException("no $name")
    fun getInt(name: String): Int = (fields[name] as? Number)?.toInt() ?: throw JSONException("no $name")

    override fun toString() = fields.entries.joinToString(",", "{", "}") { (name, value) -> "${quote(name)}:${json(value)}" }

    private fun json(value: Any?) = if (value is String) quote(value) else value.toString()
    private fun quote(text: String) = "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\""
}

/** JSON as a gateway writes it. */
private class Parser(private val text: String) {
    private var at = 0

    fun value(): Any? {
        blank()
        return when (text.getOrNull(at)) {
            '{' -> JSONObject().also { json -> list('}') { pair(json) } }
            '[' -> JSONArray(buildList { list(']') { add(value()) } })
            '"' -> string()
            else -> word()
        }
    }

    private fun pair(json: JSONObject) {
        blank()
        val name = string()
        expect(':')
        json.put(name, value())
    }

    private fun list(end: Char, item: () -> Unit) {
        at++
        blank()
        if (text.getOrNull(at) != end) {
            item()
            while (blank() == ',') {
                at++
                item()
            }
        }
        expect(end)
    }

    private fun string(): String = buildString {
        expect('"')
        while (true) {
            when (val c = text.getOrNull(at++) ?: throw JSONException("an open string")) {
                '"' -> break
                '\\' -> when (val escaped = text[at++]) {
                    'n' -> append('\n')
                    't' -> append('\t')
                    'u' -> append(text.substring(at, at + 4).toInt(16).toChar()).also { at += 4 }
                    else -> append(escaped)
                }
                else -> append(c)
            }
        }
    }

    private fun word(): Any? {
        val word = text.drop(at).takeWhile { it.isLetterOrDigit() || it in "+-." }
        at += word.length
        return when (word) {
            "true" -> true
            "false" -> false
            "null" -> null
            else -> word.toLongOrNull() ?: word.toDoubleOrNull() ?: throw JSONException("what is $word?")
        }
    }

    private fun blank(): Char? {
        while (text.getOrNull(at)?.isWhitespace() == true) at++
        return text.getOrNull(at)
    }

    private fun expect(c: Char) {
        if (blank() != c) throw JSONException("no $c")
        at++
    }
}
