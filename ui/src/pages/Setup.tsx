import { Alert, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Setup as SetupState } from "../api";
import { explain } from "../parts/Trouble";
import { useWords } from "../words";
import { Doorstep } from "./Doorstep";

const SHORTEST_PASSWORD = 8;

/** The first run: whoever comes first creates the administrator, and is logged in. */
export function Setup({ setup }: { setup: SetupState }) {
  const words = useWords();
  const client = useQueryClient();
  const [form, setForm] = useState({ name: "", password: "", again: "", code: "" });
  const create = useMutation({
    mutationFn: () => {
      const { name, password, code } = form;
      return api.createAdministrator(setup.code_required ? { name, password, code } : { name, password });
    },
    onSuccess: () => client.resetQueries(),
  });
  const field = (key: keyof typeof form) => ({
    value: form[key],
    required: true,
    onChange: (event: { currentTarget: { value: string } }) => {
      const value = event.currentTarget.value;
      setForm((before) => ({ ...before, [key]: value }));
    },
  });
  const short = form.password !== "" && form.password.length < SHORTEST_PASSWORD;
  const differs = form.again !== "" && form.again !== form.password;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (form.again === form.password && !short) create.mutate();
  };
  return (
    <Doorstep title={words.t("setup.title")}>
      <form onSubmit={submit}>
        <Stack>
          <Text>{words.t("setup.text")}</Text>
          {create.error && (
            <Alert color="red" role="alert">
              {explain(words, create.error)}
            </Alert>
          )}
          {setup.code_required && (
            <TextInput
              label={words.t("setup.code")}
              description={words.t("setup.code.hint")}
              autoComplete="one-time-code"
              {...field("code")}
            />
          )}
          <TextInput label={words.t("login.name")} autoComplete="username" {...field("name")} />
          <PasswordInput
            visibilityToggleButtonProps={{ "aria-label": words.t("login.show") }}
            label={words.t("login.password")}
            autoComplete="new-password"
            error={short && words.t("setup.short", { count: SHORTEST_PASSWORD })}
            {...field("password")}
          />
          <PasswordInput
            visibilityToggleButtonProps={{ "aria-label": words.t("login.show") }}
            label={words.t("setup.again")}
            autoComplete="new-password"
            error={differs && words.t("setup.differs")}
            {...field("again")}
          />
          <Button type="submit" loading={create.isPending}>
            {words.t("setup.create")}
          </Button>
        </Stack>
      </form>
    </Doorstep>
  );
}
