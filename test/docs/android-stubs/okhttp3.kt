package okhttp3

import java.io.Closeable
import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.time.Duration
import java.util.concurrent.TimeUnit

class MediaType(val text: String) {
    companion object {
        fun String.toMediaType() = MediaType(this)
    }
}

class RequestBody private constructor(val text: String, val type: MediaType?) {
    companion object {
        fun String.toRequestBody(contentType: MediaType? = null) = RequestBody(this, contentType)
    }
}

class ResponseBody(private val text: String) : Closeable {
    @Throws(IOException::class)
    fun string() = text

    override fun close() {}
}

class Request private constructor(internal val http: HttpRequest.Builder) {
    class Builder {
        private val http = HttpRequest.newBuilder()

        fun url(url: String) = apply { http.uri(URI.create(url)) }
        fun header(name: String, value: String) = apply { http.header(name, value) }
        fun method(method: String, body: RequestBody?) = apply {
            val publishers = HttpRequest.BodyPublishers.noBody() to HttpRequest.BodyPublishers.ofString(body?.text ?: "")
            http.method(method, if (body == null) publishers.first else publishers.second)
            body?.type?.let { http.header("content-type", it.text) }
        }

        fun build() = Request(http)
    }
}

class Response(val code: Int, val body: ResponseBody?) : Closeable {
    override fun close() {}
}

/** On a plain connection OkHttp speaks HTTP/1.1, and does not ask for more. */
private val ONE_DOT_ONE = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()

class Call(private val client: OkHttpClient, private val request: Request) {
    @Throws(IOException::class)
    fun execute(): Response {
        val http = request.http.timeout(Duration.ofMillis(client.callTimeoutMs)).build()
        val answer = ONE_DOT_ONE.send(http, HttpResponse.BodyHandlers.ofString())
        return Response(answer.statusCode(), ResponseBody(answer.body()))
    }
}

class OkHttpClient private constructor(internal val callTimeoutMs: Long) {
    fun newBuilder() = Builder()
    fun newCall(request: Request) = Call(this, request)

    class Builder {
        private var callTimeoutMs = 10_000L

        fun callTimeout(timeout: Long, unit: TimeUnit) = apply { callTimeoutMs = unit.toMillis(timeout) }
        fun build() = OkHttpClient(callTimeoutMs)
    }
}
