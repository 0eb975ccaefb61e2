// Buttons with data-passkey create a passkey, or use one, and send their form with the result. They are shown only where the browser knows passkeys.

/** @type {NodeListOf<HTMLButtonElement>} */
const buttons = document.querySelectorAll("button[data-passkey]");
const isSupported = typeof PublicKeyCredential === "function" && typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function";

/** Says in the form why a passkey was not made or used. @param {HTMLFormElement} form @param {string} text */
function say(form, text) {
  const message = form.querySelector("[data-message]");
  if (message instanceof HTMLElement) {
    message.textContent = text;
    message.hidden = text === "";
  }
}

/** @param {HTMLFormElement} form @param {string} name @param {string} value */
function set(form, name, value) {
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = name;
  input.value = value;
  form.append(input);
}

/** @param {HTMLButtonElement} button @param {HTMLFormElement} form */
async function run(button, form) {
  say(form, "");
  const response = await fetch(button.dataset.options ?? "", { method: "POST", body: new URLSearchParams(/** @type {any} */ (new FormData(form))) });
  const answer = await response.json();
  if (!response.ok) {
    say(form, answer.detail ?? answer.title ?? "Try again.");
    return;
  }
  const credential = button.dataset.passkey === "create"
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(answer.options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(answer.options) });
  set(form, "challenge", answer.challenge);
  set(form, "credential", JSON.stringify(credential));
  const password = form.elements.namedItem("password");
  if (password instanceof HTMLInputElement) password.value = "";
  form.action = button.dataset.action ?? form.action;
  // Without the check of required fields: the passkey takes the password's place.
  form.submit();
}

for (const button of buttons) {
  const form = button.form;
  if (!isSupported || form === null) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await run(button, form);
    } catch {
      say(form, button.dataset.passkey === "create" ? "No passkey was created. Try again, or go on without one." : "No passkey was used. Try again, or sign in in another way.");
    } finally {
      button.disabled = false;
    }
  });
}
