import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, Problem } from "../api";
import { explain } from "../parts/Trouble";
import { useWords } from "../words";
import { Doorstep } from "./Doorstep";

export function Login() {
  const words = useWords();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation({
    mutationFn: () => api.login(name, password),
    onSuccess: () => client.resetQueries({ queryKey: ["me"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
  const wrong = login.error instanceof Problem && login.error.status === 401;
  return (
    <Doorstep title={words.t("login.title")}>
      <form onSubmit={submit}>
        <Stack>
          {login.error && (
            <Alert color="red" role="alert">
              {wrong ? words.t("login.wrong") : explain(words, login.error)}
            </Alert>
          )}
          <TextInput
            label={words.t("login.name")}
            name="username"
            autoComplete="username"
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            visibilityToggleButtonProps={{ "aria-label": words.t("login.show") }}
            label={words.t("login.password")}
            name="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" loading={login.isPending}>
            {words.t("login.title")}
          </Button>
        </Stack>
      </form>
    </Doorstep>
  );
}
