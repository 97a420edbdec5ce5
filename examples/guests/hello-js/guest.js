// Answers through the fetch event that every `wasi:http` JavaScript component has.
addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const url = new URL(request.url);
  if (url.pathname === "/echo") {
    return Response.json({ method: request.method, path: url.pathname, body: await request.text() });
  }
  return new Response("hello from JavaScript", { headers: { "content-type": "text/plain" } });
}
